"""What the samples of a TIFF file mean: grey, RGB, a palette or CMYK."""

import numpy as np

from app.engine.photograph.formats.stored_image import Samples
from app.engine.photograph.formats.tiff_chunks import JPEG
from app.engine.photograph.formats.tiff_directory import Directory

_COMPRESSION, _PHOTOMETRIC, _COLOUR_MAP, _INK_SET, _DOT_RANGE = 259, 262, 320, 332, 336
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_ALPHA = 1


def colours(samples: Samples, bits: int, directory: Directory) -> Samples:
    """H×W grey or H×W×3 RGB of `samples` (H×W×samples a pixel, of `bits` each); of less than 8 bits, scaled to 8.

    YCbCr is taken as it comes out of JPEG: RGB by now.

    Raises:
        ValueError: they mean something else, or there are more of them than colours and an alpha.
    """
    kind = directory.one(_PHOTOMETRIC)
    wanted = _COLOURS.get(kind)
    if kind == _YCBCR and directory.one(_COMPRESSION, 1) != JPEG:
        raise ValueError("YCbCr other than in JPEG is not read")
    if wanted is None or samples.shape[2] - wanted not in (0, _ALPHA):
        raise ValueError(f"{samples.shape[2]} samples a pixel of photometric interpretation {kind} are not read")
    if kind == _PALETTE:
        return _looked_up(samples[..., 0], bits, directory)
    if kind == _CMYK:
        return _rgb_of_inks(samples[..., :wanted], bits, directory)
    if bits < 8:
        samples = (samples.astype(np.uint16) * 255 // (2**bits - 1)).astype(np.uint8)
    shown = samples[..., 0] if wanted == 1 else samples[..., :wanted]
    return np.asarray(2 ** max(bits, 8) - 1 - shown, samples.dtype) if kind == _WHITE_IS_ZERO else shown


def _looked_up(places: Samples, bits: int, directory: Directory) -> Samples:
    table = np.asarray(directory.integers(_COLOUR_MAP), np.uint16)
    if bits > 8 or len(table) != 3 * 2**bits:
        raise ValueError(f"a palette of {len(table)} values for {bits} bits")
    # Some programs write 8 bits where 16 are asked for; libtiff takes both.
    eight = table if table.max() < 256 else table >> 8
    return eight.astype(np.uint8).reshape(3, -1).T[places]


def _rgb_of_inks(inks: Samples, bits: int, directory: Directory) -> Samples:
    if bits != 8 or directory.one(_INK_SET, 1) != 1 or directory.integers(_DOT_RANGE)[:2] not in ((), (0, 255)):
        raise ValueError("inks other than CMYK of 8 bits are not read")
    paper = 255 - inks.astype(np.uint32)
    return (paper[..., :3] * paper[..., 3:] // 255).astype(np.uint8)
