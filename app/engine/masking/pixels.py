"""Which pixels of a photograph the scored patches saw."""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.types import Geometry, Mask, Size


def pixel_mask(mask: Mask, geometry: Geometry, size: Size) -> NDArray[np.bool_]:
    """The patches of a mask as pixels of a picture of the whole image, `size` large; False where the crop cut off."""
    resized, cropped, grid = geometry.resized, geometry.cropped, geometry.grid
    whole = np.zeros((resized.height, resized.width), np.uint8)
    patches = mask.reshape(grid.rows, grid.columns).astype(np.uint8)
    whole[: cropped.height, : cropped.width] = cv2.resize(
        patches, (cropped.width, cropped.height), interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(cv2.resize(whole, (size.width, size.height), interpolation=cv2.INTER_NEAREST) > 0)


def unseen_pixels(mask: Mask, geometry: Geometry) -> NDArray[np.bool_] | None:
    """The pixels of the image as given that no scored patch saw; None where all were seen."""
    if mask.all() and geometry.cropped == geometry.resized:
        return None
    return ~pixel_mask(mask, geometry, geometry.original)
