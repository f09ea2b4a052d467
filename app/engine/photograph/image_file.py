"""Photographs as files: bytes to 8-bit RGB, with the limits that keep a hostile file from filling the memory."""

import io
import warnings
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from app.engine.photograph.tiff_directory import alpha_unnamed, directory_is_inside, tiff_size
from app.engine.types import Image, Size
from app.errors import ImageTooLarge, ImageTruncated, ImageUndecodable, InvalidRequest, UnsupportedImageType

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
}
_MAGIC = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "BMP": (b"BM",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}

# Pillow reads headers here, nothing more; the limit on pixels is the caller's.
PillowImage.MAX_IMAGE_PIXELS = None
# What Pillow finds odd in a header is no news for the operator: the file is decoded or refused. Filters belong to the
# whole process and cannot be set per thread, so this one is set once.
warnings.filterwarnings("ignore", module=r"PIL\.")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A decoded photograph and the media type that its first bytes told."""

    pixels: Image
    media_type: str


def decode_image(data: bytes, max_pixels: int) -> DecodedImage:
    """Decode JPEG, PNG, BMP, TIFF or WebP to H×W×3 uint8 RGB.

    Grey is replicated, alpha dropped, 16 bits scaled to 8, CMYK converted, the EXIF orientation applied. The size is
    read from the header first, so that nothing larger than `max_pixels` is ever decoded.

    Raises:
        InvalidRequest: nothing was sent.
        UnsupportedImageType: the first bytes are none of the five types.
        ImageTooLarge: more pixels than `max_pixels`.
        ImageTruncated: the file ends early.
        ImageUndecodable: damaged, or of a kind that cannot be decoded.
    """
    if not data:
        raise InvalidRequest("The image is empty. Send the photograph's file as the body or as the form field.")
    kind = _kind(data)
    _check_pixels(data, kind, max_pixels)
    plain = alpha_unnamed(data) if kind == "TIFF" else data
    try:
        pixels = cv2.imdecode(np.frombuffer(plain, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise _undecodable(data, kind)
    return DecodedImage(np.asarray(pixels, np.uint8), MEDIA_TYPES[kind])


def _kind(data: bytes) -> str:
    for kind, magics in _MAGIC.items():
        if data.startswith(magics):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise UnsupportedImageType(
        f"This is no photograph that can be read (its first bytes are {data[:8]!r}). Send JPEG, PNG, BMP, TIFF or WebP."
    )


def _check_pixels(data: bytes, kind: str, max_pixels: int) -> None:
    try:
        size = _header_size(data, kind)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise _undecodable(data, kind) from error
    pixels = size.width * size.height
    if pixels > max_pixels:
        raise ImageTooLarge(
            f"The image has {size.width}x{size.height} = {pixels} pixels; at most {max_pixels} are accepted. "
            "Scale it down, or raise INSPECTOR_MAX_IMAGE_PIXELS.",
            limit=max_pixels,
        )


def _header_size(data: bytes, kind: str) -> Size:
    if kind == "TIFF":
        return tiff_size(data)
    with PillowImage.open(io.BytesIO(data), formats=[kind]) as header:
        return Size(header.height, header.width)


def _undecodable(data: bytes, kind: str) -> ImageUndecodable:
    if _ends_early(data, kind):
        return ImageTruncated(f"The {kind} file ends early, after {len(data)} bytes. Send it again, whole.")
    return ImageUndecodable(f"The {kind} file cannot be decoded: it is damaged or of an unusual kind. Save it again.")


def _ends_early(data: bytes, kind: str) -> bool:
    """Whether a file that did not decode lacks its end, judged by its format's own end mark or size."""
    match kind:
        case "JPEG":
            return b"\xff\xd9" not in data[-64:]
        case "PNG":
            return b"IEND" not in data[-64:]
        case "WEBP":
            return int.from_bytes(data[4:8], "little") + 8 > len(data)
        case "BMP":
            return int.from_bytes(data[2:6], "little") > len(data)
        case _:
            return not directory_is_inside(data)
