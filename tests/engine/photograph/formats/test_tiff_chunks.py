"""Strips and tiles are unpacked to the last byte."""

import zlib

import pytest

from app.engine.photograph.formats.tiff_chunks import DEFLATE, LZW, PLAIN, unpacked
from app.errors import ImageTruncated, ImageUndecodable

ROWS = bytes(range(40))
"""Ten rows of four bytes, six and four to a strip."""
STRIPS = [ROWS[:24], ROWS[24:]]


def rows_of(strips: list[bytes], compression: int) -> bytes:
    return unpacked(strips, row_bytes=4, chunk_rows=6, rows=10, compression=compression)


def test_the_strips_follow_each_other() -> None:
    assert rows_of(STRIPS, PLAIN) == ROWS
    assert rows_of([zlib.compress(strip) for strip in STRIPS], DEFLATE) == ROWS


def test_a_last_strip_may_be_filled_up_but_not_a_strip_be_longer() -> None:
    assert rows_of([STRIPS[0], STRIPS[1] + bytes(8)], PLAIN) == ROWS
    with pytest.raises(ImageUndecodable, match="more rows"):
        rows_of([ROWS[:28], STRIPS[1]], PLAIN)


@pytest.mark.parametrize("strip", [STRIPS[1][:-1], b""])
def test_a_strip_that_is_too_short_is_told(strip: bytes) -> None:
    with pytest.raises(ImageTruncated, match="Part 2"):
        rows_of([STRIPS[0], strip], PLAIN)


def test_a_wrong_checksum_is_told_and_a_missing_one() -> None:
    packed = zlib.compress(STRIPS[0])
    for damaged in (packed[:-1] + bytes([packed[-1] ^ 1]), packed[:-1]):
        with pytest.raises(ImageUndecodable):
            rows_of([damaged, zlib.compress(STRIPS[1])], DEFLATE)


def test_what_is_no_lzw_is_refused() -> None:
    with pytest.raises(ImageUndecodable, match="cannot be unpacked"):
        rows_of([b"\xff" * 20, b"\xff" * 20], LZW)
