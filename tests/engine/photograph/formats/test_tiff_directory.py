"""Which of the pictures of a TIFF file is the photograph."""

import pytest

from app.engine.photograph.formats.tiff_directory import HEIGHT, EndsEarly, first_directory, photograph_directory
from tests.engine.photograph.battery.awkward_file import drawn
from tests.engine.photograph.battery.tiff_writer import Page, tiff

REDUCED = (254, 4, (1,))
FULL, SMALL = Page(drawn(60, 80)), Page(drawn(15, 20), tags=(REDUCED,))


@pytest.mark.parametrize("big", [False, True], ids=["classic", "big"])
@pytest.mark.parametrize("inside", [False, True], ids=["beside", "inside"])
def test_the_one_of_full_size_is_found(big: bool, inside: bool) -> None:
    data = tiff([SMALL, FULL], big=big, sub_directories=inside)
    assert first_directory(data).one(HEIGHT) == 15
    assert photograph_directory(data).one(HEIGHT) == 60


@pytest.mark.parametrize(
    ("pages", "told"), [([FULL, FULL], "2 pictures of full size"), ([SMALL], "0 pictures of full size and 1 reduced")]
)
def test_none_or_several_of_full_size_are_told(pages: list[Page], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        photograph_directory(tiff(pages))


def test_what_lies_outside_the_file_is_told_as_such() -> None:
    data = tiff([FULL])
    with pytest.raises(EndsEarly):
        first_directory(data[:-40])
