"""WebP files: their parts must fill the container that they are in."""

import struct

import pytest

from app.engine.photograph.formats.webp import read_webp
from app.errors import ImageTooLarge, ImageTruncated, ImageUndecodable
from tests.engine.photograph.battery.awkward_file import drawn
from tests.engine.photograph.battery.writers import saved

PICTURE = drawn(60, 80)


@pytest.mark.parametrize("lossless", [False, True])
def test_the_size_is_read_before_anything_is_decoded(lossless: bool) -> None:
    data = saved(PICTURE, "WEBP", lossless=lossless)
    with pytest.raises(ImageTooLarge, match="80x60 = 4800"):
        read_webp(data, 4_799)
    assert read_webp(data, 4_800).samples.shape == PICTURE.shape


def test_a_part_that_is_longer_than_the_whole_is_refused() -> None:
    data = saved(PICTURE, "WEBP", lossless=True)
    with pytest.raises(ImageTruncated):
        read_webp(data[:16] + struct.pack("<I", len(data)) + data[20:], 10**6)


def test_a_container_without_a_picture_is_refused() -> None:
    with pytest.raises(ImageUndecodable, match="holds no picture"):
        read_webp(b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8 " + bytes(4), 10**6)
