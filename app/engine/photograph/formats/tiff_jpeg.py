"""Strips and tiles of a TIFF file that are JPEG streams."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.engine.photograph.formats.jpeg import read_jpeg
from app.engine.photograph.formats.tiff_directory import Directory
from app.engine.types import Size

_PHOTOMETRIC, _TABLES = 262, 347
_RGB, _YCBCR = 2, 6
_START, _START_BYTES = b"\xff\xd8", 2
_ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"
"""The segment that tells libjpeg what the three components are; a byte follows: 0 RGB, 1 YCbCr."""


def jpeg_rows(
    chunks: Sequence[bytes], chunk: Size, rows: int, together: int, directory: Directory
) -> NDArray[np.uint8]:
    """rows×width×`together` of chunks that stand below each other, RGB where `together` is 3.

    Raises:
        ImageUndecodable: a chunk is damaged.
        ValueError: it has another size than the file says, or components that are not read.
    """
    kind = directory.one(_PHOTOMETRIC)
    if together not in (1, 3) or (together == 3 and kind not in (_RGB, _YCBCR)) or (together == 1 and kind == _YCBCR):
        raise ValueError(f"JPEG of {together} components and photometric interpretation {kind} is not read")
    tables = directory.blob(_TABLES) or b""
    told = _ADOBE + bytes([kind == _YCBCR]) if together == 3 else b""
    head = _START + told + tables[_START_BYTES:-_START_BYTES]
    parts = []
    for place, packed in enumerate(chunks):
        wanted = (min(chunk.height, rows - place * chunk.height), chunk.width)
        part = read_jpeg(head + packed[_START_BYTES:], chunk.height * chunk.width).samples
        if part.shape[:2] != wanted:
            raise ValueError(f"a part of it is {part.shape[1]}x{part.shape[0]} px instead of {wanted[1]}x{wanted[0]}")
        parts.append(np.asarray(part[..., :together], np.uint8))
    return np.concatenate(parts)
