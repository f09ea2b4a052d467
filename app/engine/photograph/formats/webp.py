"""WebP: its container is walked before it is decoded; the decoder itself refuses what is not whole."""

from collections.abc import Iterator

import cv2
import numpy as np

from app.engine.photograph.formats.orientation import orientation
from app.engine.photograph.formats.stored_image import StoredImage, require_pixels
from app.engine.photograph.formats.trailer import require_no_other_picture
from app.engine.types import Size
from app.errors import ImageTruncated, ImageUndecodable

MAGIC = b"RIFF"
_SIDE_BITS = 14


def is_webp(data: bytes) -> bool:
    return data[:4] == MAGIC and data[8:12] == b"WEBP"


def read_webp(data: bytes, max_pixels: int) -> StoredImage:
    """A WebP file: RGB, alpha dropped.

    Raises:
        ImageTooLarge: more pixels than `max_pixels`.
        ImageTruncated: it ends early.
        ImageUndecodable: damaged or animated.
    """
    chunks = dict(_chunks(data))
    if b"ANIM" in chunks or b"ANMF" in chunks:
        raise ImageUndecodable("The WebP file holds an animation. Send one photograph.")
    require_pixels(_size(chunks), max_pixels)
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        raise _damaged("its pixel data cannot be decoded")
    return StoredImage(np.asarray(pixels, np.uint8), orientation=orientation(chunks.get(b"EXIF"), chunks.get(b"XMP ")))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    end = 8 + int.from_bytes(data[4:8], "little")
    at = 12
    while at < end:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        after = at + 8 + length
        if max(after, end) > len(data):
            raise ImageTruncated(f"The WebP file ends early, after {len(data)} bytes. Send it again, whole.")
        if after > end:
            raise _damaged("a part of it is longer than the whole")
        yield data[at : at + 4], data[at + 8 : after]
        at = after + length % 2
    require_no_other_picture(data, end, MAGIC, "WebP")


def _size(chunks: dict[bytes, bytes]) -> Size:
    lossy, lossless = chunks.get(b"VP8 "), chunks.get(b"VP8L")
    side = (1 << _SIDE_BITS) - 1
    if lossy is not None and lossy[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(lossy[at : at + 2], "little") & side for at in (6, 8))
    elif lossless is not None and lossless[:1] == b"\x2f":
        packed = int.from_bytes(lossless[1:5], "little")
        width, height = (packed & side) + 1, (packed >> _SIDE_BITS & side) + 1
    else:
        raise _damaged("it holds no picture")
    return Size(height, width)


def _damaged(what: str) -> ImageUndecodable:
    return ImageUndecodable(f"The WebP file is damaged ({what}). Send it again, whole, or save it again.")
