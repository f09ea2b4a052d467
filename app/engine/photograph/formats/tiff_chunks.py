"""The strips and tiles of a TIFF file, unpacked whole or refused."""

import io
import struct
import zlib
from collections.abc import Sequence

from PIL import Image as PillowImage

from app.errors import ImageTruncated, ImageUndecodable

PLAIN, LZW, JPEG, DEFLATE, PACK_BITS, OLD_DEFLATE = 1, 5, 7, 8, 32773, 32946
DEFLATES = (DEFLATE, OLD_DEFLATE)
PREDICTED = (LZW, *DEFLATES)
_SHORT, _LONG = 3, 4

# The limit on pixels is the caller's.
PillowImage.MAX_IMAGE_PIXELS = None


def unpacked(chunks: Sequence[bytes], row_bytes: int, chunk_rows: int, rows: int, compression: int) -> bytes:
    """The rows of chunks of `chunk_rows` rows each, the last of which may have fewer: `rows`·`row_bytes` bytes.

    Raises:
        ImageTruncated: a chunk has fewer bytes than its rows need.
        ImageUndecodable: a chunk cannot be unpacked, or of a compression that cannot be read here.
    """
    if compression in (LZW, PACK_BITS):
        return _by_libtiff(chunks, row_bytes, chunk_rows, rows, compression)
    if compression not in (PLAIN, *DEFLATES):
        raise ImageUndecodable(f"The TIFF file is of compression {compression}, which is not read. Save it as PNG.")
    parts = []
    for place, chunk in enumerate(chunks):
        full, needed = chunk_rows * row_bytes, min(chunk_rows, rows - place * chunk_rows) * row_bytes
        found = _inflated(chunk, full) if compression in DEFLATES else chunk
        if len(found) < needed:
            raise ImageTruncated(
                f"Part {place + 1} of the TIFF file has lost some of its pixels. Send it again, whole."
            )
        if len(found) >= full + row_bytes:
            raise ImageUndecodable("The TIFF file holds more rows than its directory tells. Save it again.")
        parts.append(found[:needed])
    return b"".join(parts)


def _inflated(chunk: bytes, at_most: int) -> bytes:
    """Up to its own checksum."""
    inflate = zlib.decompressobj()
    try:
        found = inflate.decompress(chunk, at_most)
        more = b"" if inflate.eof else inflate.decompress(inflate.unconsumed_tail, 1)
    except zlib.error as error:
        raise _damaged() from error
    if more:
        raise _damaged()
    if not inflate.eof:
        raise ImageTruncated("A part of the TIFF file ends early. Send it again, whole.")
    return found


def _by_libtiff(chunks: Sequence[bytes], row_bytes: int, chunk_rows: int, rows: int, compression: int) -> bytes:
    """The chunks as the strips of a grey picture of 8 bits, in which nothing is left to interpret."""
    offsets, at = [], 8
    for chunk in chunks:
        offsets.append(at)
        at += len(chunk)
    counts_at = at + 4 * len(chunks)
    tags = [
        (256, _LONG, 1, row_bytes), (257, _LONG, 1, rows), (258, _SHORT, 1, 8), (259, _SHORT, 1, compression),
        (262, _SHORT, 1, 1), (273, _LONG, len(chunks), offsets[0] if len(chunks) == 1 else at), (277, _SHORT, 1, 1),
        (278, _LONG, 1, chunk_rows), (279, _LONG, len(chunks), len(chunks[0]) if len(chunks) == 1 else counts_at),
    ]  # fmt: skip
    head = struct.pack("<2sHI", b"II", 42, counts_at + 4 * len(chunks))
    places = struct.pack(f"<{2 * len(chunks)}I", *offsets, *map(len, chunks))
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    try:
        with PillowImage.open(io.BytesIO(b"".join([head, *chunks, places, directory])), formats=["TIFF"]) as picture:
            return picture.tobytes()
    except (OSError, ValueError, SyntaxError) as error:
        raise _damaged() from error


def _damaged() -> ImageUndecodable:
    return ImageUndecodable(
        "A part of the TIFF file cannot be unpacked: it is damaged. Send it again, or save it again."
    )
