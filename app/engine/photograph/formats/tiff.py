"""TIFF: the one photograph of full size in the file, its parts put together and its values read as the tags say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.photograph.formats import tiff_chunks
from app.engine.photograph.formats.orientation import of_directory, orientation
from app.engine.photograph.formats.stored_image import Samples, StoredImage, require_pixels
from app.engine.photograph.formats.tiff_chunks import unpacked
from app.engine.photograph.formats.tiff_colours import colours
from app.engine.photograph.formats.tiff_directory import HEIGHT, WIDTH, Directory, EndsEarly, photograph_directory
from app.engine.photograph.formats.tiff_jpeg import jpeg_rows
from app.engine.types import Size
from app.errors import ImageTruncated, ImageUndecodable

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _SAMPLES = 258, 259, 262, 266, 277
_STRIP_OFFSETS, _ROWS_PER_STRIP, _STRIP_BYTES, _PLANAR, _PREDICTOR = 273, 278, 279, 284, 317
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_SAMPLE_FORMAT, _XMP = 339, 700
_UNSIGNED, _CHUNKY, _SEPARATE, _DIFFERENCES = 1, 1, 2, 2
_MAX_SAMPLES = 5
"""CMYK and an alpha."""
_MAX_PADDING = 4
"""Times as many pixels as are accepted may be stored: tiles reach over the edges."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How the samples are laid out. `chunk`: size of a strip or tile; `across`, `down`: how many; `planes`: 1, or one
    for each sample of a pixel; `together`: samples that stand beside each other in a chunk."""

    size: Size
    bits: int
    samples: int
    compression: int
    predictor: int
    tiled: bool
    chunk: Size
    planes: int

    @property
    def together(self) -> int:
        return self.samples // self.planes

    @property
    def across(self) -> int:
        return -(-self.size.width // self.chunk.width)

    @property
    def down(self) -> int:
        return -(-self.size.height // self.chunk.height)


def read_tiff(data: bytes, max_pixels: int) -> StoredImage:
    """A TIFF or BigTIFF file, in strips or tiles: RGB or grey, alpha dropped, with its own bits of 8 to 16.

    Raises:
        ImageTooLarge: more pixels than `max_pixels`.
        ImageTruncated: it ends early.
        ImageUndecodable: damaged, of a kind that is not read, or with no or several pictures of full size.
    """
    try:
        directory = photograph_directory(data)
        form = _form(directory, max_pixels)
        image = colours(_samples(_chunks(data, directory, form), directory, form), form.bits, directory)
        turned = of_directory(directory) or orientation(None, directory.blob(_XMP))
    except EndsEarly as error:
        raise ImageTruncated(f"The TIFF file ends early: {error}. Send it again, whole.") from error
    except ValueError as error:
        raise ImageUndecodable(
            f"The TIFF file cannot be read: {error}. Save one photograph as a file, or PNG."
        ) from error
    return StoredImage(image, max(form.bits, 8), turned)


def _form(directory: Directory, max_pixels: int) -> _Form:
    size = Size(directory.one(HEIGHT), directory.one(WIDTH))
    require_pixels(size, max_pixels)
    samples = directory.one(_SAMPLES, 1)
    bits = {*(directory.integers(_BITS) or (1,))}
    if len(bits) > 1 or {*directory.integers(_SAMPLE_FORMAT)} - {_UNSIGNED} or directory.one(_FILL_ORDER, 1) != 1:
        raise ValueError("its samples are no whole numbers of one depth")
    compression, predictor = directory.one(_COMPRESSION, 1), directory.one(_PREDICTOR, 1)
    if predictor != 1 and (predictor != _DIFFERENCES or compression not in tiff_chunks.PREDICTED):
        raise ValueError(f"predictor {predictor} of compression {compression} is not read")
    planar = directory.one(_PLANAR, _CHUNKY)
    if planar not in (_CHUNKY, _SEPARATE) or not 1 <= samples <= _MAX_SAMPLES or not min(size.height, size.width):
        raise ValueError(f"{samples} samples a pixel, planar configuration {planar}")
    tiled = _TILE_OFFSETS in directory.entries
    if tiled:
        chunk = Size(directory.one(_TILE_HEIGHT), directory.one(_TILE_WIDTH))
    else:
        chunk = Size(min(directory.one(_ROWS_PER_STRIP, size.height), size.height), size.width)
    if not min(chunk.height, chunk.width):
        raise ValueError("its strips or tiles are empty")
    planes = samples if planar == _SEPARATE else 1
    form = _Form(size, bits.pop(), samples, compression, predictor, tiled, chunk, planes)
    require_pixels(Size(form.down * chunk.height, form.across * chunk.width), _MAX_PADDING * max_pixels)
    return form


def _chunks(data: bytes, directory: Directory, form: _Form) -> list[list[bytes]]:
    """Strips or tiles in raster order, for each plane."""
    offsets = directory.integers(_TILE_OFFSETS if form.tiled else _STRIP_OFFSETS)
    counts = directory.integers(_TILE_BYTES if form.tiled else _STRIP_BYTES)
    each = form.across * form.down
    if not len(offsets) == len(counts) == each * form.planes:
        raise ValueError(f"it has {len(offsets)} strips or tiles instead of {each * form.planes}")
    if any(offset + count > len(data) for offset, count in zip(offsets, counts, strict=True)):
        raise EndsEarly("a strip or tile lies outside the file")
    chunks = [data[offset : offset + count] for offset, count in zip(offsets, counts, strict=True)]
    return [chunks[start : start + each] for start in range(0, len(chunks), each)]


def _samples(chunks: Sequence[Sequence[bytes]], directory: Directory, form: _Form) -> Samples:
    """H×W×samples, as stored."""
    planes = [_plane(each, directory, form) for each in chunks]
    return np.concatenate(planes, axis=2) if len(planes) > 1 else planes[0]


def _plane(chunks: Sequence[bytes], directory: Directory, form: _Form) -> Samples:
    """H×W×`together` of the strips or tiles of one plane."""
    height, width, together = form.chunk.height, form.chunk.width, form.together
    rows = len(chunks) * height if form.tiled else form.size.height
    tall: Samples
    if form.compression == tiff_chunks.JPEG:
        tall = jpeg_rows(chunks, form.chunk, rows, together, directory)
    else:
        row_bytes = (width * together * form.bits + 7) // 8
        raw = unpacked(chunks, row_bytes, height, rows, form.compression)
        values = _values(np.frombuffer(raw, np.uint8).reshape(rows, row_bytes), form.bits, directory.order)
        tall = values[:, : width * together].reshape(rows, width, together)
        if form.predictor == _DIFFERENCES:
            tall = np.cumsum(tall, axis=1, dtype=tall.dtype)
    if form.tiled:
        tiles = tall.reshape(form.down, form.across, height, width, together)
        tall = tiles.swapaxes(1, 2).reshape(form.down * height, form.across * width, together)
    return tall[: form.size.height, : form.size.width]


def _values(rows: NDArray[np.uint8], bits: int, order: str) -> Samples:
    """The samples of each row, of as many bits each; rows begin at whole bytes."""
    match bits:
        case 8:
            return rows
        case 16:
            return rows.view(f"{order}u2").astype(np.uint16)
        case 1 | 2 | 4:
            shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
            return np.asarray(rows[:, :, None] >> shifts & (2**bits - 1), np.uint8).reshape(len(rows), -1)
        case 12:
            triples = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 3))).reshape(len(rows), -1, 3).astype(np.uint16)
            high, middle, low = triples[..., 0], triples[..., 1], triples[..., 2]
            return np.stack([high << 4 | middle >> 4, (middle & 15) << 8 | low], axis=2).reshape(len(rows), -1)
        case _:
            raise ValueError(f"samples of {bits} bits are not read")
