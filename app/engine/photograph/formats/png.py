"""PNG: every checksum and the length of the pixel data are checked before it is decoded."""

import re
import string
import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np

from app.engine.photograph.formats.orientation import orientation
from app.engine.photograph.formats.stored_image import StoredImage, require_pixels
from app.engine.photograph.formats.trailer import require_no_other_picture
from app.engine.types import Size
from app.errors import ImageTruncated, ImageUndecodable

MAGIC = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
"""Adam7: first row, first column, steps between rows and between columns."""
_LETTERS = string.ascii_letters.encode()
_MAX_TEXT_BYTES = 1 << 20
_RAW_PROFILES = (b"Raw profile type exif", b"Raw profile type APP1")
_XMP = b"XML:com.adobe.xmp"


def read_png(data: bytes, max_pixels: int) -> StoredImage:
    """A PNG file: RGB, alpha dropped, with its own 8 or 16 bits.

    Raises:
        ImageTooLarge: more pixels than `max_pixels`.
        ImageTruncated: the file or its pixel data end early.
        ImageUndecodable: a checksum is wrong, or the pixel data are damaged; or it is animated.
    """
    chunks = list(_chunks(data))
    head = dict(chunks).get(b"IHDR", b"")
    if len(head) != 13 or chunks[0][0] != b"IHDR":
        raise _damaged("its header is missing")
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", head)
    require_pixels(Size(height, width), max_pixels)
    if any(kind == b"acTL" for kind, _ in chunks):
        raise ImageUndecodable("The PNG file holds an animation. Send one photograph.")
    _require_whole(b"".join(body for kind, body in chunks if kind == b"IDAT"), head)
    deep = cv2.IMREAD_ANYDEPTH if depth == 16 else 0
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | deep
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        raise _damaged(f"colour type {colour} of {depth} bits")
    return StoredImage(
        np.asarray(pixels, np.uint16 if depth == 16 else np.uint8),
        bits=max(depth, 8),
        orientation=orientation(*_metadata(chunks)),
    )


def png_text(data: bytes, keyword: bytes) -> bytes | None:
    """What the tEXt chunk of a PNG file says; None without one of that keyword. Raises as `read_png`."""
    texts = dict(body.split(b"\0", 1) for kind, body in _chunks(data) if kind == b"tEXt" and b"\0" in body)
    return texts.get(keyword)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, kind = len(MAGIC), b""
    while kind != b"IEND":
        length = int.from_bytes(data[at : at + 4], "big")
        body_at, end = at + 8, at + 12 + length
        if data[at + 4 : body_at].strip(_LETTERS):
            raise _damaged("a part of it has no name")
        if end > len(data):
            raise ImageTruncated(f"The PNG file ends early, after {len(data)} bytes. Send it again, whole.")
        kind, body = data[at + 4 : body_at], data[body_at : body_at + length]
        if zlib.crc32(data[at + 4 : body_at + length]) != int.from_bytes(data[end - 4 : end], "big"):
            raise _damaged(f"wrong checksum of {kind!r}")
        if kind[:1].isupper() and kind not in _CRITICAL:
            raise _damaged(f"unknown part {kind!r}")
        yield kind, body
        at = end
    require_no_other_picture(data, at, MAGIC, "PNG")


def _require_whole(packed: bytes, head: bytes) -> None:
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", head)
    if colour not in _CHANNELS or depth not in (1, 2, 4, 8, 16) or interlace > 1:
        raise _damaged("its header is wrong")
    bits = depth * _CHANNELS[colour]
    passes = [Size(height, width)]
    if interlace:
        passes = [Size(len(range(y, height, dy)), len(range(x, width, dx))) for y, x, dy, dx in _PASSES]
    expected = sum(part.height * (1 + (part.width * bits + 7) // 8) for part in passes if part.width)
    inflate = zlib.decompressobj()
    try:
        got = len(inflate.decompress(packed, expected + 1))
        if got == expected and not inflate.eof:
            got += len(inflate.decompress(inflate.unconsumed_tail, 1))
    except zlib.error as error:
        raise _damaged("its pixel data cannot be inflated") from error
    if got > expected:
        raise _damaged("it has more pixel data than its header tells")
    if got < expected or not inflate.eof:
        raise ImageTruncated("The PNG file has lost some of its pixel data. Send it again, whole.")


def _metadata(chunks: list[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes | None]:
    """The EXIF block and the XMP packet, also as texts in which ImageMagick writes them."""
    exif = xmp = None
    for kind, body in chunks:
        if kind == b"eXIf":
            exif = exif or body
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            keyword, _, rest = body.partition(b"\0")
            if keyword == _XMP:
                xmp = xmp or _text(kind, rest)
            elif keyword in _RAW_PROFILES:
                exif = exif or _raw_profile(_text(kind, rest))
    return exif, xmp


def _text(kind: bytes, rest: bytes) -> bytes:
    packed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\1")
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        rest = rest[2:].split(b"\0", 2)[-1]
    try:
        return zlib.decompressobj().decompress(rest, _MAX_TEXT_BYTES) if packed else rest
    except zlib.error:
        return b""


def _raw_profile(text: bytes) -> bytes | None:
    """Name, length, and the block in hexadecimal digits."""
    found = re.fullmatch(rb"\s*\S+\s+\d+\s+([0-9a-fA-F\s]+)", text)
    try:
        return bytes.fromhex(found[1].decode()) if found else None
    except ValueError:
        return None


def _damaged(what: str) -> ImageUndecodable:
    return ImageUndecodable(f"The PNG file is damaged ({what}). Send it again, whole, or save it again.")
