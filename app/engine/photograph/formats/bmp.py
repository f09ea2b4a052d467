"""BMP: the file must be as long as its header says."""

import struct

import cv2
import numpy as np

from app.engine.photograph.formats.stored_image import StoredImage, require_pixels
from app.engine.types import Size
from app.errors import ImageTruncated, ImageUndecodable

MAGIC = b"BM"
_OS2_HEADER, _PROFILED_HEADER = 12, 124
_HEADERS = (_OS2_HEADER, 40, 52, 56, 64, 108, _PROFILED_HEADER)
_PLAIN, _MASKED = 0, 3
_DEPTHS = (1, 4, 8, 16, 24, 32)
_MASKS = {
    16: ((0x7C00, 0x03E0, 0x001F), (0xF800, 0x07E0, 0x001F)),
    32: ((0xFF0000, 0x00FF00, 0x0000FF),),
}
"""Of red, green and blue, that OpenCV takes them for; others it does not look at."""


def read_bmp(data: bytes, max_pixels: int) -> StoredImage:
    """An uncompressed BMP file: RGB, alpha dropped.

    Raises:
        ImageTooLarge: more pixels than `max_pixels`.
        ImageTruncated: it ends early.
        ImageUndecodable: damaged or compressed, or there are more pixels in it than its header tells.
    """
    size, bits = _header(data)
    require_pixels(size, max_pixels)
    row = (size.width * bits + 31) // 32 * 4
    end = int.from_bytes(data[10:14], "little") + row * size.height
    if end > len(data):
        raise ImageTruncated(f"The BMP file ends early, after {len(data)} bytes of {end}. Send it again, whole.")
    if data[14] < _PROFILED_HEADER and len(data) - end >= row and any(data[end:]):
        raise ImageUndecodable("The BMP file holds more pixels than its header tells. Save it again.")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if pixels is None or pixels.shape[:2] != (size.height, size.width):
        raise ImageUndecodable("The BMP file cannot be decoded: it is damaged or of an unusual kind. Save it again.")
    return StoredImage(np.asarray(pixels, np.uint8))


def _header(data: bytes) -> tuple[Size, int]:
    """Size and bits of a pixel."""
    try:
        length = int.from_bytes(data[14:18], "little")
        if length == _OS2_HEADER:
            width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
            compression = _PLAIN
        else:
            width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        masks = struct.unpack_from("<III", data, 54) if compression == _MASKED else None
    except struct.error as error:
        raise ImageTruncated(f"The BMP file ends early, after {len(data)} bytes. Send it again, whole.") from error
    usual = compression == _PLAIN or masks in _MASKS.get(bits, ())
    if length not in _HEADERS or width < 1 or not height or bits not in _DEPTHS or not usual:
        kind = f"header {length}, compression {compression}, {bits} bits"
        raise ImageUndecodable(f"The BMP file is of an unusual kind ({kind}). Save it as PNG.")
    return Size(abs(height), width), bits
