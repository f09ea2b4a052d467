"""BMP files have no checksum: what can be held against each other is."""

import struct

import pytest

from app.engine.photograph.formats.bmp import read_bmp
from app.errors import ImageTooLarge, ImageTruncated, ImageUndecodable
from tests.engine.photograph.battery.awkward_file import drawn
from tests.engine.photograph.battery.writers import bmp

PICTURE = drawn(60, 80)
WHOLE = bmp(PICTURE, 24)


def test_a_file_that_is_shorter_than_its_header_says_is_refused() -> None:
    assert read_bmp(WHOLE, 4_800).samples.shape == PICTURE.shape
    with pytest.raises(ImageTruncated, match="ends early"):
        read_bmp(WHOLE[:-1], 4_800)


def test_rows_beyond_the_header_s_are_refused_and_padding_is_not() -> None:
    fewer = WHOLE[:22] + struct.pack("<i", 50) + WHOLE[26:]
    with pytest.raises(ImageUndecodable, match="more pixels than its header tells"):
        read_bmp(fewer, 4_800)
    assert read_bmp(WHOLE + bytes(4096), 4_800).samples.shape == PICTURE.shape


@pytest.mark.parametrize("place", [14, 18, 22, 28, 30])
def test_a_header_that_is_nonsense_is_refused(place: int) -> None:
    with pytest.raises((ImageUndecodable, ImageTooLarge)):
        read_bmp(WHOLE[:place] + b"\xff\x7f\xff\x7f" + WHOLE[place + 4 :], 4_800)
