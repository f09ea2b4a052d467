"""What an independent library reads: tifffile or, where that lacks the codec, and for all other kinds, Pillow."""

import io
import warnings

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps
from PIL.TiffImagePlugin import TiffImageFile

_BITS, _ORIENTATION, _XMP = 258, 274, 700


def library_reading(data: bytes) -> NDArray[np.uint8] | None:
    """H×W×3 upright; None where neither library reads such a file."""
    with warnings.catch_warnings(action="ignore"):
        read = _by_tifffile(data) if data[:2] in (b"II", b"MM") else None
        return _by_pillow(data) if read is None else read


def _by_pillow(data: bytes) -> NDArray[np.uint8] | None:
    try:
        with PillowImage.open(io.BytesIO(data)) as opened:
            bits = opened.tag_v2[_BITS][0] if isinstance(opened, TiffImageFile) else 16
            picture = ImageOps.exif_transpose(opened)
        if picture.mode.startswith("I"):
            return np.repeat((np.asarray(picture) >> (bits - 8)).astype(np.uint8)[:, :, None], 3, axis=2)
        return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError):
        return None


def _by_tifffile(data: bytes) -> NDArray[np.uint8] | None:
    """Of grey and RGB; the first page that is not reduced."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as opened:
            every = [inside for page in opened.pages for inside in (page, *(page.pages or ()))]
            page = next(each for each in every if not each.is_reduced)
            turn = page.tags.get(_ORIENTATION)
            bits, photometric = page.bitspersample, page.photometric
            samples = page.asarray()
    except (ValueError, NotImplementedError, StopIteration, tifffile.TiffFileError):
        return None
    if photometric not in (0, 1, 2) or bits not in (8, 12, 16) or (_ORIENTATION not in page.tags and _XMP in page.tags):
        return None
    samples = np.moveaxis(samples, 0, -1) if page.planarconfig == 2 and samples.ndim == 3 else samples
    colours = samples.reshape(*samples.shape[:2], -1)[..., : 3 if photometric == 2 else 1]
    eight = ((2**bits - 1 - colours if photometric == 0 else colours) >> (bits - 8)).astype(np.uint8)
    picture = PillowImage.fromarray(eight if photometric == 2 else np.repeat(eight, 3, axis=2))
    picture.getexif()[_ORIENTATION] = turn.value if turn else 1
    return np.asarray(ImageOps.exif_transpose(picture))
