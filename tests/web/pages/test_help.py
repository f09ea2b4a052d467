"""What flags mean."""

import re
from typing import get_args

from app.service.verdicts.verdict import UNDECIDABLE, Flag
from tests.web.pages_of import Browser

OF_A_BATCH = {"duplicate", "near_duplicate"}
ROW = re.compile(r'<tr id="(\w+)"><th scope="row">\1</th><td>(.+?)</td><td>(yes|no)</td><td>(.+?)</td>')


def test_every_flag_is_explained_at_its_own_place(console: Browser) -> None:
    assert {name for name, *_ in ROW.findall(console.page("help"))} == {*get_args(Flag), *OF_A_BATCH}


def test_it_says_which_flags_leave_a_verdict_open(console: Browser) -> None:
    assert {name for name, _, open_, _ in ROW.findall(console.page("help")) if open_ == "yes"} == UNDECIDABLE


def test_every_verdict_and_every_state_has_its_place(console: Browser) -> None:
    page = console.page("help")
    for name in ("ok", "not_ok", "not_decidable", "none", "provisional", "calibrated"):
        assert f'id="{name}"' in page
