"""Where files tell how a photograph is to be turned."""

import numpy as np
import pytest

from app.engine.photograph.formats.orientation import orientation, upright
from tests.engine.photograph.battery.awkward_file import drawn, stored
from tests.engine.photograph.battery.whole_files import exif, xmp

PICTURE = drawn(60, 80)


@pytest.mark.parametrize("turn", range(1, 9))
def test_each_orientation_is_turned_upright(turn: int) -> None:
    np.testing.assert_array_equal(upright(stored(PICTURE, turn), turn), PICTURE)


def test_exif_comes_before_xmp() -> None:
    assert orientation(b"Exif\0\0" + exif(6, ">"), xmp(3)) == 6
    assert orientation(None, xmp(3)) == 3
    assert orientation(exif(0), xmp(3)) == 3


def test_what_is_damaged_turns_nothing() -> None:
    block = exif(6)
    assert {orientation(block[:length], None) for length in range(len(block))} == {1}
    assert orientation(exif(9), b"tiff:Orientation=9") == 1
