"""Numbers and their nouns."""

import pytest

from app.wording import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 banks"), (1, "1 bank"), (2, "2 banks")])
def test_one_is_singular(number: int, words: str) -> None:
    assert counted(number, "bank") == words
