"""JPEG files are read whole, to libjpeg's bit, or refused."""

import re
from contextlib import suppress

import cv2
import numpy as np
import pytest

from app.engine.photograph.formats.jpeg import read_jpeg
from app.errors import ImageTruncated, ImageUndecodable, InvalidRequest
from tests.engine.photograph.battery.awkward_file import drawn
from tests.engine.photograph.battery.writers import saved

LIMIT = 10**6
PICTURE = drawn(160, 208)
NOISY = np.clip(PICTURE + np.random.default_rng(1).normal(0, 9, PICTURE.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_the_pixels_are_those_of_opencv(subsampling: str, progressive: bool) -> None:
    data = saved(NOISY, "JPEG", subsampling=subsampling, progressive=progressive)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(read_jpeg(data, LIMIT).samples, expected)


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("progressive", [False, True])
def test_bytes_that_were_overwritten_are_told_though_libjpeg_decodes_them(optimize: bool, progressive: bool) -> None:
    data = saved(NOISY, "JPEG", optimize=optimize, progressive=progressive, quality=90)
    last = [found.start() for found in re.finditer(rb"\xff\xda", data)][-1]
    at = last + (len(data) - last) // 2
    with pytest.raises(ImageUndecodable):
        read_jpeg(data[:at] + bytes(200) + data[at + 200 :], LIMIT)


def test_an_even_ground_is_no_damage() -> None:
    """Its scan is zeros for the most part where the codes are fitted to it."""
    even = np.full((512, 512, 3), 30, np.uint8)
    even[200:220, 200:220] = 200
    data = saved(even, "JPEG", optimize=True)
    assert bytes(32) in data
    assert read_jpeg(data, LIMIT).samples.shape == even.shape


def test_scans_that_are_lost_between_two_markers_are_missed() -> None:
    """libjpeg says nothing: each scan that is there is whole."""
    data = saved(NOISY, "JPEG", progressive=True)
    last = [found.start() for found in re.finditer(rb"\xff\xda", data)][-1]
    with pytest.raises(ImageTruncated, match="lost some of its scans"):
        read_jpeg(data[:last] + b"\xff\xd9", LIMIT)


def test_arithmetic_coding_is_refused() -> None:
    data = saved(NOISY, "JPEG").replace(b"\xff\xc0", b"\xff\xc9")
    with pytest.raises(ImageUndecodable, match="unusual coding"):
        read_jpeg(data, LIMIT)


def test_a_header_that_is_nonsense_is_refused_or_read_and_nothing_else_happens() -> None:
    data = saved(PICTURE, "JPEG")
    for at in range(2, data.index(b"\xff\xda") + 14):
        for value in (0, 1, 127, 255):
            with suppress(InvalidRequest):
                read_jpeg(data[:at] + bytes([value]) + data[at + 1 :], LIMIT)
