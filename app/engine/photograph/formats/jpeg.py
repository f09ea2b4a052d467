"""JPEG: read whole or refused. libjpeg fills up what is lost and only warns; a scan that is lost it does not miss."""

import re
from dataclasses import dataclass, field

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from app.engine.photograph.formats.orientation import EXIF_HEAD, orientation
from app.engine.photograph.formats.stored_image import StoredImage, require_pixels
from app.engine.photograph.formats.trailer import require_no_other_picture
from app.engine.types import Size
from app.errors import ImageTruncated, ImageUndecodable

MAGIC = b"\xff\xd8\xff"
_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_START, _END, _SCAN, _CODES, _APP1, _APP2 = 0xD8, 0xD9, 0xDA, 0xC4, 0xE1, 0xE2
_FRAMES = (0xC0, 0xC1, 0xC2)
_OTHER_FRAMES = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
"""Lossless, hierarchical, arithmetic coding: nobody's cameras write them, and the last hides what it has lost."""
_COEFFICIENTS = 64
_COEFFICIENT_TABLE = 0x10
_NEVER_SENT = 255
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""The next marker: no escaped 255, restart or fill byte."""
_FILL_IN_SCAN = b"\xff\xff\0"
_ZEROED = bytes(32)
"""More zeros than a block takes. Where the shortest code is that of a coefficient, they are a block full of the same
one, and the next: nothing that was photographed. Where it is the end of a block, they are an even ground, but not in a
progressive file, which counts such blocks."""


@dataclass(slots=True)
class _Layout:
    """What the markers tell. `missing`: for each component how many bits of each coefficient are not there yet;
    `codes`: for each table of coefficients what its shortest code, all zeros, stands for."""

    size: Size | None = None
    progressive: bool = False
    missing: dict[int, list[int]] = field(default_factory=dict)
    codes: dict[int, int] = field(default_factory=dict)
    exif: bytes | None = None
    xmp: bytes | None = None
    announces_pictures: bool = False
    end: int = 0


def read_jpeg(data: bytes, max_pixels: int) -> StoredImage:
    """A JPEG file: RGB as libjpeg reads it.

    Raises:
        ImageTooLarge: more pixels than `max_pixels`.
        ImageTruncated: it ends early, or scans of it are missing.
        ImageUndecodable: damaged (whatever libjpeg warns of), of an unusual coding, or with another picture after it.
    """
    layout = _layout(data)
    if layout.size is None:
        raise _damaged("it has no frame")
    require_pixels(layout.size, max_pixels)
    if any(any(bits) for bits in layout.missing.values()):
        raise ImageTruncated("The JPEG file has lost some of its scans. Send it again, whole.")
    if not layout.announces_pictures:
        require_no_other_picture(data, layout.end, MAGIC, "JPEG")
    pixels = strict_pixels(data, len(layout.missing))
    return StoredImage(pixels, orientation=orientation(layout.exif, layout.xmp))


def strict_pixels(data: bytes, components: int) -> NDArray[np.uint8]:
    """H×W×3 RGB of a JPEG stream; ImageUndecodable for all that libjpeg warns of."""
    try:
        if components != 4:
            return np.asarray(simplejpeg.decode_jpeg(data, "RGB", strict=True), np.uint8)
        simplejpeg.decode_jpeg(data, "CMYK", strict=True)
    except ValueError as error:
        raise _damaged(str(error)) from error
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), flags), np.uint8)


def _layout(data: bytes) -> _Layout:
    layout, at = _Layout(), 2
    while True:
        at, marker = _marker(data, at)
        if marker == _END:
            layout.end = at
            return layout
        if marker == _START:
            raise ImageTruncated("The JPEG file ends early: another picture follows. Send it again, whole.")
        if marker in _OTHER_FRAMES:
            raise ImageUndecodable("The JPEG file is of an unusual coding. Save it as baseline or progressive JPEG.")
        length = int.from_bytes(data[at : at + 2], "big")
        segment = data[at + 2 : at + length]
        if len(segment) < length - 2 or length < 2:
            raise _ends_early(data)
        _take(layout, marker, segment)
        at += length
        if marker == _SCAN:
            found = _AFTER_SCAN.search(data, at)
            if found is None:
                raise _ends_early(data)
            _require_unspoilt(layout, segment, data[at : found.start()])
            at = found.start()


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the next marker begins, and which it is."""
    if at < len(data) and data[at] != 0xFF:
        raise _damaged("bytes between its segments")
    while at < len(data) and data[at] == 0xFF:
        at += 1
    if at >= len(data):
        raise _ends_early(data)
    return at + 1, data[at]


def _take(layout: _Layout, marker: int, segment: bytes) -> None:
    try:
        if marker in _FRAMES:
            layout.progressive = marker == _FRAMES[-1]
            _take_frame(layout, segment)
        elif marker == _SCAN:
            _take_scan(layout, segment)
        elif marker == _CODES:
            _take_codes(layout, segment)
        elif marker == _APP1 and segment.startswith(EXIF_HEAD):
            layout.exif = layout.exif or segment
        elif marker == _APP1 and segment.startswith(_XMP_HEAD):
            layout.xmp = layout.xmp or segment
        elif marker == _APP2 and segment.startswith(b"MPF\0"):
            layout.announces_pictures = True
    except (IndexError, KeyError, ValueError) as error:
        raise _damaged("a segment contradicts another") from error


def _take_frame(layout: _Layout, segment: bytes) -> None:
    if layout.size is not None:
        raise _damaged("it has two frames")
    layout.size = Size(int.from_bytes(segment[1:3], "big"), int.from_bytes(segment[3:5], "big"))
    layout.missing = {segment[6 + 3 * i]: [_NEVER_SENT] * _COEFFICIENTS for i in range(segment[5])}


def _take_scan(layout: _Layout, segment: bytes) -> None:
    components = segment[0]
    first, last, precision = segment[1 + 2 * components : 4 + 2 * components]
    for component in range(components):
        bits = layout.missing[segment[1 + 2 * component]]
        for coefficient in range(first, min(last, _COEFFICIENTS - 1) + 1):
            bits[coefficient] = precision & 15


def _take_codes(layout: _Layout, segment: bytes) -> None:
    at = 0
    while at < len(segment):
        layout.codes[segment[at]] = segment[at + 17]
        at += 17 + sum(segment[at + 1 : at + 17])


def _require_unspoilt(layout: _Layout, head: bytes, scan: bytes) -> None:
    """That no bytes of a scan were overwritten with zeros or fill bytes, which libjpeg would decode without a word."""
    components = head[0]
    last = head[2 + 2 * components]
    tables = [_COEFFICIENT_TABLE | head[2 + 2 * at] & 15 for at in range(components)]
    coefficients = layout.progressive or any(layout.codes.get(table, 0) & 15 for table in tables)
    if _FILL_IN_SCAN in scan or (coefficients and last > 0 and _ZEROED in scan):
        raise _damaged("some of its bytes were overwritten")


def _ends_early(data: bytes) -> ImageTruncated:
    return ImageTruncated(f"The JPEG file ends early, after {len(data)} bytes. Send it again, whole.")


def _damaged(what: str) -> ImageUndecodable:
    return ImageUndecodable(f"The JPEG file is damaged ({what}). Send it again, whole, or save it again.")
