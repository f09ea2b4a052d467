"""PNG files: no checksum wrong, no row missing, none too many."""

import struct

import numpy as np
import pytest

from app.engine.photograph.formats.png import read_png
from app.errors import ImageTruncated, ImageUndecodable
from tests.engine.photograph.battery.awkward_file import drawn
from tests.engine.photograph.battery.writers import chunk, png

LIMIT = 10**6
PICTURE = drawn(60, 80)


def test_sixteen_bits_are_kept() -> None:
    deep = PICTURE.astype(np.uint16) * 256 + 77
    stored = read_png(png(deep, 2, 16), LIMIT)
    np.testing.assert_array_equal(stored.samples, deep)
    assert stored.bits == 16


def test_rows_that_are_missing_are_told_as_lost() -> None:
    data = png(PICTURE, 2, 8)
    taller = chunk(b"IHDR", struct.pack(">IIBBBBB", 80, 61, 8, 2, 0, 0, 0))
    with pytest.raises(ImageTruncated, match="lost some of its pixel data"):
        read_png(data[:8] + taller + data[33:], LIMIT)


@pytest.mark.parametrize("after", [b"", bytes(100)])
def test_bytes_after_the_end_are_no_matter_but_another_picture_is(after: bytes) -> None:
    data = png(PICTURE, 2, 8)
    assert read_png(data + after + b"a note", LIMIT).samples.shape == PICTURE.shape
    with pytest.raises(ImageUndecodable, match="another picture"):
        read_png(data + after + data, LIMIT)


def test_a_raw_profile_that_is_damaged_turns_nothing() -> None:
    for text in (b"", b"\nexif\n 10\nzz", b"\nexif\n 10\nabc"):
        data = png(PICTURE, 2, 8, before=chunk(b"tEXt", b"Raw profile type exif\0" + text))
        assert read_png(data, LIMIT).orientation == 1
