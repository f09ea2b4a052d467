"""Writes TIFF files of all the layouts that cameras and programs write, byte by byte."""

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

PLAIN, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACK_BITS = 1, 5, 7, 8, 32946, 32773
WHITE_IS_ZERO, GREY, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
_CODES = {1: "B", 2: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}


@dataclass(frozen=True)
class Page:
    """One picture: `samples` H×W×S as they are to be stored. 0 or () leaves a tag out."""

    samples: NDArray[np.generic]
    photometric: int = RGB
    bits: int = 8
    compression: int = PLAIN
    predictor: int = 0
    planar: int = 1
    tile: tuple[int, int] = (0, 0)
    rows_per_strip: int = 0
    tags: tuple[tuple[int, int, tuple[int, ...]], ...] = ()


def packed_rows(rows: NDArray[np.generic], bits: int, order: str) -> bytes:
    """R×N samples of so many bits, each row filled up to whole bytes."""
    if bits >= 8 and bits % 8 == 0:
        return rows.astype(np.dtype(f"{order}{rows.dtype.str[1:]}")).tobytes()
    digits = rows.astype(np.uint16)[:, :, None] >> np.arange(bits - 1, -1, -1, dtype=np.uint16) & 1
    return np.packbits(digits.astype(np.uint8).reshape(len(rows), -1), axis=1).tobytes()


def tiff(pages: Sequence[Page], order: str = "<", big: bool = False, sub_directories: bool = False) -> bytes:
    """The pages one after the other, or with `sub_directories` the others as parts of the first."""
    place = "Q" if big else "I"
    out = bytearray(b"II" if order == "<" else b"MM")
    out += struct.pack(f"{order}HHHQ", 43, 8, 0, 0) if big else struct.pack(f"{order}HI", 42, 0)
    link_at = len(out) - struct.calcsize(f"={place}")
    placed: list[int] = []
    for page in reversed(pages) if sub_directories else pages:
        inside = [(330, 4, tuple(placed))] if sub_directories and page is pages[0] and placed else []
        at, next_at = _append(out, page, order, big, inside)
        placed.append(at)
        if page is pages[0] or not sub_directories:
            struct.pack_into(f"{order}{place}", out, link_at, at)
            link_at = next_at
    return bytes(out)


def _append(
    out: bytearray, page: Page, order: str, big: bool, inside: list[tuple[int, int, tuple[int, ...]]]
) -> tuple[int, int]:
    """Where the directory begins, and where it names the next one."""
    place, count_code = ("Q", "Q") if big else ("I", "H")
    offsets, counts = [], []
    for chunk in _chunks(page, order):
        out += bytes(len(out) % 2)
        offsets.append(len(out))
        counts.append(len(chunk))
        out += chunk
    out += bytes(len(out) % 2)
    tags = sorted([*_tags(page, offsets, counts), *page.tags, *inside])
    start = len(out)
    field = struct.calcsize(f"={place}")
    body = struct.pack(f"{order}{count_code}", len(tags))
    beyond_at = start + len(body) + len(tags) * (4 + 2 * field) + field
    beyond = b""
    for tag, kind, values in tags:
        packed = struct.pack(f"{order}{len(values)}{_CODES[kind]}", *values)
        where = packed.ljust(field, b"\0")
        if len(packed) > field:
            where = struct.pack(f"{order}{place}", beyond_at + len(beyond))
            beyond += packed + bytes(len(packed) % 2)
        body += struct.pack(f"{order}HH{place}", tag, kind, len(values)) + where
    out += body + bytes(field) + beyond
    return start, start + len(body)


def _tags(page: Page, offsets: list[int], counts: list[int]) -> list[tuple[int, int, tuple[int, ...]]]:
    height, width, samples = page.samples.shape
    tags: list[tuple[int, int, tuple[int, ...]]] = [
        (256, 4, (width,)), (257, 4, (height,)), (258, 3, (page.bits,) * samples), (259, 3, (page.compression,)),
        (262, 3, (page.photometric,)), (277, 3, (samples,)), (284, 3, (page.planar,)),
    ]  # fmt: skip
    if page.predictor:
        tags.append((317, 3, (page.predictor,)))
    if page.tile[0]:
        tags += [(322, 3, page.tile[1:]), (323, 3, page.tile[:1]), (324, 4, tuple(offsets)), (325, 4, tuple(counts))]
    else:
        tags += [(273, 4, tuple(offsets)), (278, 4, (page.rows_per_strip or height,)), (279, 4, tuple(counts))]
    return tags


def _chunks(page: Page, order: str) -> list[bytes]:
    height, width, samples = page.samples.shape
    planes = [page.samples] if page.planar == 1 else [page.samples[:, :, at : at + 1] for at in range(samples)]
    high, wide = page.tile if page.tile[0] else (page.rows_per_strip or height, width)
    parts = [
        plane[y : y + high, x : x + wide]
        for plane in planes
        for y in range(0, height, high)
        for x in range(0, width, wide)
    ]
    if page.tile[0]:
        # What lies beyond the edge is anything, not zero: whoever reads it is found out.
        parts = [
            np.pad(part, ((0, high - len(part)), (0, wide - part.shape[1]), (0, 0)), "symmetric") for part in parts
        ]
    return [_packed(part, page, order) for part in parts]


def _packed(part: NDArray[np.generic], page: Page, order: str) -> bytes:
    if page.compression == JPEG:
        return _jpeg(part, page.photometric)
    if page.predictor == 2:
        part = np.concatenate([part[:, :1], part[:, 1:] - part[:, :-1]], axis=1)  # type: ignore[operator]
    raw = packed_rows(part.reshape(len(part), -1), page.bits, order)
    match page.compression:
        case 8 | 32946:
            return zlib.compress(raw)
        case 32773:
            runs = [raw[at : at + 128] for at in range(0, len(raw), 128)]
            return b"".join(bytes([len(run) - 1]) + run for run in runs)
        case 5:
            return _lzw(raw)
    return raw


def _lzw(raw: bytes) -> bytes:
    """Literals only, cleared before the codes would grow longer than 9 bits."""
    codes = []
    for at in range(0, len(raw), 250):
        codes += [256, *raw[at : at + 250]]
    digits = np.array([*codes, 257], np.uint16)[:, None] >> np.arange(8, -1, -1, dtype=np.uint16) & 1
    return np.packbits(digits.astype(np.uint8)).tobytes()


def _jpeg(part: NDArray[np.generic], photometric: int) -> bytes:
    sink = io.BytesIO()
    picture = PillowImage.fromarray(np.asarray(part[..., 0] if part.shape[2] == 1 else part, np.uint8))
    picture.save(sink, "JPEG", quality=95, subsampling=0, keep_rgb=photometric == RGB)
    return sink.getvalue()
