"""TIFF files: parts put together, values as the tags say."""

import numpy as np
import pytest

from app.engine.photograph.formats.tiff import read_tiff
from app.errors import ImageTooLarge, ImageTruncated, ImageUndecodable
from tests.engine.photograph.battery.awkward_file import drawn
from tests.engine.photograph.battery.tiff_writer import DEFLATE, GREY, Page, tiff

LIMIT = 10**5
PICTURE = drawn(61, 83)


def test_what_lies_in_the_ragged_tiles_is_read() -> None:
    blot = PICTURE.astype(np.uint16) * 256
    blot[55:, 75:] = 65_535
    stored = read_tiff(tiff([Page(blot, bits=16, compression=DEFLATE, tile=(32, 32))]), LIMIT)
    np.testing.assert_array_equal(stored.samples, blot)


def test_twelve_bits_are_kept_as_twelve() -> None:
    deep = drawn(61, 83, 1).astype(np.uint16) * 16
    stored = read_tiff(tiff([Page(deep, GREY, 12)]), LIMIT)
    np.testing.assert_array_equal(stored.samples, deep[..., 0])
    assert stored.bits == 12


@pytest.mark.parametrize("page", [Page(PICTURE), Page(PICTURE, tile=(4096, 4096))], ids=["sides", "tiles"])
def test_more_pixels_than_allowed_are_refused_by_the_directory(page: Page) -> None:
    with pytest.raises(ImageTooLarge):
        read_tiff(tiff([page]), 61 * 83 - 1)


def test_a_file_that_ends_early_is_told_so() -> None:
    data = tiff([Page(PICTURE)])
    with pytest.raises(ImageTruncated, match="ends early"):
        read_tiff(data[:-100], LIMIT)


def test_more_strips_than_the_size_needs_are_refused() -> None:
    data = tiff([Page(PICTURE, rows_per_strip=10, tags=((257, 4, (40,)),))])
    with pytest.raises(ImageUndecodable):
        read_tiff(data, LIMIT)
