"""Ground truth masks as files: which pixels are anomalous, or an error that names the mask.

Accepted are black and white in whatever file format, bit depth and channel, and small numbers for the kinds of defects
(MVTec-AD has 0 and 255, VisA numbers from 1 on). What can be read in two ways is refused.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from app.errors import InvalidDataset
from app.evaluate.dataset import read_image

LARGEST_LABEL = 31
"""Where nothing is brighter than this, values number the kinds of defects: each but 0 is one."""

NOISE = 1 / 16
"""Of the range: what lossy compression makes of black is darker (9 of 255 at most, in JPEG and WebP of any quality)."""

MOST_OF_BORDER = 0.75
LOSSY = ("JPEG", "WEBP")
ORIENTATION_TAG = 0x0112

Plane = NDArray[np.number]
Marked = NDArray[np.bool_]


def read_mask(path: Path, shape: Sequence[int]) -> Marked:
    """A ground truth mask as H×W, true where the part is anomalous.

    Labels mark wherever they are not 0, everything else where it is brighter than half of the mask's own range. A mask
    drawn in the transparency alone is read from there.

    Raises:
        InvalidDataset: it cannot be read, has another size than its image (`shape`, H×W), has grey areas, says two
            things in colour and transparency, or seems to be inverted.
    """
    pixels, lossy = _pixels(path)
    if pixels.shape[:2] != tuple(shape[:2]):
        raise InvalidDataset(
            f"{path}: the mask is {pixels.shape[1]}x{pixels.shape[0]} px, its image {shape[1]}x{shape[0]} px. "
            "They must have the same size."
        )
    try:
        marked = _marked(pixels, lossy=lossy)
        _require_background(marked, pixels)
    except ValueError as error:
        raise InvalidDataset(f"{path}: the mask {error}") from error
    return marked


def _pixels(path: Path) -> tuple[Plane, bool]:
    """The values as they stand in the file, H×W or H×W×channels, and whether its format is a lossy one."""
    read_image(path)  # refuses what is damaged
    data = path.read_bytes()
    with PillowImage.open(io.BytesIO(data)) as header:
        if header.getexif().get(ORIENTATION_TAG, 1) != 1:
            raise InvalidDataset(f"{path}: the mask is to be turned when it is shown. Save it as it is to be seen.")
        lossy = header.format in LOSSY
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise InvalidDataset(f"{path}: the mask cannot be read. Replace it with a PNG of the image's size.")
    return np.asarray(pixels), lossy


def _marked(pixels: Plane, *, lossy: bool) -> Marked:
    """ValueError, which goes on after "the mask", for what can be read in two ways."""
    if pixels.ndim == 2:
        return _bright(pixels, lossy=lossy)
    colour = pixels[:, :, :3].max(axis=2)
    if pixels.shape[2] < 4 or (_is_even(alpha := pixels[:, :, 3]) and alpha.any()):
        return _bright(colour, lossy=lossy)
    drawn = _bright(alpha, lossy=lossy)
    if not alpha.any() or (not _is_even(colour) and (_bright(colour, lossy=lossy) != drawn).any()):
        raise ValueError("says one thing in its colours and another in its transparency. Save it without transparency.")
    return drawn


def _bright(plane: Plane, *, lossy: bool) -> Marked:
    low, top = plane.min(), plane.max()
    if not low >= 0:
        raise ValueError("has values below 0. Black must be 0, and what is defective white.")
    labelled = top <= LARGEST_LABEL and np.issubdtype(plane.dtype, np.integer)
    if labelled and lossy and top:
        raise ValueError(f"is so dark ({top} at most) that lossy compression has spoilt it. Save it as PNG, in white.")
    if labelled or low == top:
        return np.asarray(plane > 0)
    if low > top / 2:
        raise ValueError(f"has no black background: its values are {low} to {top}. Make black what is not defective.")
    level = np.asarray((plane - low) / float(top - low), np.float32)
    _require_no_grey_areas(level, plane, NOISE if lossy else 0)
    return level > 0.5


def _require_no_grey_areas(level: NDArray[np.float32], plane: Plane, black: float) -> None:
    """An area is 3×3 pixels of one grey, above `black` and not above the limit. The soft edge of a defect has none."""
    window = np.ones((3, 3), np.uint8)
    even = cv2.erode(level, window) == cv2.dilate(level, window)
    grey = even & (level > black) & (level <= 0.5)
    if grey.any():
        raise ValueError(
            f"has areas of grey ({plane[grey][0]}, where {plane.max()} is white) that may be defective or not. "
            "Make what is defective white and all else black, or number the kinds of defects from 1 to at most "
            f"{LARGEST_LABEL}."
        )


def _require_background(marked: Marked, pixels: Plane) -> None:
    if marked.all():
        if not all(map(_is_even, np.moveaxis(np.atleast_3d(pixels), 2, 0))):
            raise ValueError("marks all of its image in several colours. Make black what is not defective.")
        return
    border = np.concatenate([marked[0], marked[-1], marked[:, 0], marked[:, -1]])
    if marked.mean() > 0.5 and border.mean() > MOST_OF_BORDER:
        raise ValueError(
            f"marks {marked.mean():.0%} of its image as defective, most of the border among it: it seems to be "
            "inverted. Make what is defective white and all else black."
        )


def _is_even(plane: Plane) -> bool:
    return bool(plane.min() == plane.max())
