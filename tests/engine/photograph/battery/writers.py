"""Writes PNG and BMP files of all depths, colour types and headers, byte by byte."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from tests.engine.photograph.battery.tiff_writer import packed_rows

PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def saved(pixels: NDArray[np.generic], kind: str, mode: str | None = None, **options: Any) -> bytes:
    """As Pillow writes it."""
    sink = io.BytesIO()
    picture = PillowImage.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(sink, kind, **options)
    return sink.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    samples: NDArray[np.generic],
    colour: int,
    depth: int,
    *,
    interlaced: bool = False,
    before: bytes = b"",
    after: bytes = b"",
    part_bytes: int = 1000,
) -> bytes:
    """`samples`: H×W×S of so many bits; `before`, `after`: chunks around the pixel data, which is sent in parts."""
    height, width = samples.shape[:2]
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in PASSES] if interlaced else [samples]
    raw = b"".join(
        b"\0" + packed_rows(row.reshape(1, -1), depth, ">") for part in parts if part.shape[1] for row in part
    )
    packed = zlib.compress(raw)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    pixels = b"".join(chunk(b"IDAT", packed[at : at + part_bytes]) for at in range(0, len(packed), part_bytes))
    return SIGNATURE + chunk(b"IHDR", head) + before + pixels + after + chunk(b"IEND", b"")


def bmp(
    samples: NDArray[np.generic],
    bits: int,
    *,
    palette: NDArray[np.uint8] | None = None,
    masks: tuple[int, ...] = (),
    top_down: bool = False,
    os2: bool = False,
    gap: int = 0,
) -> bytes:
    """`samples`: H×W×S, stored bottom up unless `top_down`; `gap`: bytes between header and pixels."""
    height, width = samples.shape[:2]
    rows = samples if top_down else samples[::-1]
    packed = [packed_rows(row.reshape(1, -1), min(bits, 8) if samples.dtype == np.uint8 else 16, "<") for row in rows]
    data = b"".join(row.ljust((width * bits + 31) // 32 * 4, b"\0") for row in packed)
    table = b"" if palette is None else np.pad(palette[:, ::-1], ((0, 0), (0, 0 if os2 else 1))).tobytes()
    compression = 3 if masks else 0
    extra = struct.pack(f"<{len(masks)}I", *masks) + table
    header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    if not os2:
        signed = -height if top_down else height
        header = struct.pack("<IiiHHIIiiII", 40, width, signed, 1, bits, compression, len(data), 0, 0, 0, 0)
    start = 14 + len(header) + len(extra) + gap
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + header + extra + bytes(gap) + data
