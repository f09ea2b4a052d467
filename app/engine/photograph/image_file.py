"""Photographs as files: bytes to 8-bit RGB, read whole or refused; and no file, however hostile, fills the memory."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from app.engine.options import FULL_BIT_DEPTH, BitDepth
from app.engine.photograph.bit_depth import bit_depth
from app.engine.photograph.formats import bmp, jpeg, png, tiff, webp
from app.engine.photograph.formats.orientation import upright
from app.engine.photograph.formats.stored_image import StoredImage
from app.engine.types import Image
from app.errors import InvalidRequest, UnsupportedImageType

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
}
_READERS: dict[str, Callable[[bytes, int], StoredImage]] = {
    "JPEG": jpeg.read_jpeg,
    "PNG": png.read_png,
    "BMP": bmp.read_bmp,
    "TIFF": tiff.read_tiff,
    "WEBP": webp.read_webp,
}
_MAGIC: dict[str, bytes | tuple[bytes, ...]] = {
    "JPEG": jpeg.MAGIC,
    "PNG": png.MAGIC,
    "BMP": bmp.MAGIC,
    "TIFF": tiff.MAGICS,
}

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A decoded photograph and the media type that its first bytes told. Of the `bits` of each sample in the file,
    `used_bits` are as many as the largest sample needs, None for files of 8 bits. `exceeds`: there are larger values
    than the bit depth holds, and they were clipped."""

    pixels: Image
    media_type: str
    bits: int = 8
    used_bits: int | None = None
    exceeds: bool = False


def decode_image(data: bytes, max_pixels: int, depth: BitDepth = FULL_BIT_DEPTH) -> DecodedImage:
    """Decode JPEG, PNG, BMP, TIFF or WebP to H×W×3 uint8 RGB.

    Grey is replicated, alpha dropped, CMYK converted, the orientation applied. Deeper samples are cut to the upper 8
    bits of the lower `depth` bits (`auto`: of those that this file uses). The size is read from the header first, so
    that nothing larger than `max_pixels` is ever decoded.

    Raises:
        InvalidRequest: nothing was sent.
        UnsupportedImageType: the first bytes are none of the five types.
        ImageTooLarge: more pixels than `max_pixels`.
        ImageTruncated: the file ends early, or has lost parts.
        ImageUndecodable: damaged, of a kind that cannot be decoded, or with several pictures in it.
    """
    if not data:
        raise InvalidRequest("The image is empty. Send the photograph's file as the body or as the form field.")
    kind = _kind(data)
    stored = _READERS[kind](data, max_pixels)
    used_bits = int(stored.samples.max()).bit_length() if stored.bits > 8 else None
    held = min(bit_depth([used_bits]) if depth == "auto" else depth, stored.bits)
    exceeds = used_bits is not None and used_bits > held
    return DecodedImage(_rgb(stored, held), MEDIA_TYPES[kind], stored.bits, used_bits, exceeds)


def _rgb(stored: StoredImage, depth: int) -> Image:
    samples = stored.samples
    if samples.dtype != np.uint8:
        samples = np.minimum(samples >> (depth - 8), 255).astype(np.uint8)
    if samples.ndim == 2:
        samples = np.repeat(samples[:, :, None], 3, axis=2)
    return np.asarray(upright(samples, stored.orientation), np.uint8)


def _kind(data: bytes) -> str:
    for kind, magics in _MAGIC.items():
        if data.startswith(magics):
            return kind
    if webp.is_webp(data):
        return "WEBP"
    raise UnsupportedImageType(
        f"This is no photograph that can be read (its first bytes are {data[:8]!r}). Send JPEG, PNG, BMP, TIFF or WebP."
    )
