"""How a photograph must be turned to stand upright: EXIF's orientation, in all places where files carry it."""

import re

import numpy as np

from app.engine.photograph.formats.stored_image import Samples
from app.engine.photograph.formats.tiff_directory import Directory, first_directory

EXIF_HEAD = b"Exif\0\0"
_ORIENTATION = 274
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])")


def orientation(exif: bytes | None, xmp: bytes | None) -> int:
    """1..8, of an EXIF block (with or without its head) or else of an XMP packet; 1 where neither tells it.

    What is damaged tells nothing: it may turn a photograph, and hides none of it.
    """
    told = _of_exif(exif.removeprefix(EXIF_HEAD)) if exif else None
    found = _XMP_ORIENTATION.search(xmp) if told is None and xmp else None
    return int(found[1]) if found else told or 1


def upright(samples: Samples, turned: int) -> Samples:
    """H×W or H×W×C as it is to be looked at, `turned` as EXIF counts."""
    if turned in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if turned in (3, 4, 7, 8):
        samples = samples[::-1]
    if turned in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return np.ascontiguousarray(samples)


def of_directory(directory: Directory) -> int | None:
    """1..8, None where the directory does not tell it."""
    try:
        values = directory.integers(_ORIENTATION)
    except ValueError:
        return None
    return values[0] if values and values[0] in range(1, 9) else None


def _of_exif(block: bytes) -> int | None:
    try:
        return of_directory(first_directory(block))
    except ValueError:
        return None
