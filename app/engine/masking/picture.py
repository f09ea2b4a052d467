"""A picture of the masks, for the operator to judge (ALGORITHM 3.5)."""

from collections.abc import Sequence

import cv2
import numpy as np

from app.engine.masking.pixels import pixel_mask
from app.engine.photograph.augment import rotate
from app.engine.types import Geometry, Image, Mask, Size

HEIGHT_PX = 512
TILE_ROWS = 4
GAP_PX = 6
BACKGROUND_LIGHT = 0.3
"""Share of the background's own brightness that is kept; the rest is `SHADE`."""

SHADE = (24, 32, 56)
OUTLINE = (255, 176, 0)
PAPER = (255, 255, 255)


def preview(image: Image, masks: Sequence[Mask], angles_deg: Sequence[float], geometry: Geometry) -> Image:
    """The reference with its background shaded and the mask outlined, its rotations as tiles beside it: H×W×3 uint8.

    `masks` belong to `angles_deg`; the first is that of the unrotated image and fills the picture, 512 px high. The
    others, if any, stand to its right, four to a column.
    """
    large = _overlay(image, masks[0], geometry, HEIGHT_PX)
    tile_height = (HEIGHT_PX - (TILE_ROWS - 1) * GAP_PX) // TILE_ROWS
    tiles = [
        _overlay(rotate(image, angle_deg), mask, geometry, tile_height)
        for mask, angle_deg in zip(masks[1:], angles_deg[1:], strict=True)
    ]
    tile_width = round(tile_height * geometry.original.width / geometry.original.height)
    columns = -(-len(tiles) // TILE_ROWS)
    sheet = np.full((HEIGHT_PX, large.shape[1] + columns * (tile_width + GAP_PX), 3), PAPER, np.uint8)
    sheet[:, : large.shape[1]] = large
    for index, tile in enumerate(tiles):
        column, row = divmod(index, TILE_ROWS)
        top, left = row * (tile_height + GAP_PX), large.shape[1] + GAP_PX + column * (tile_width + GAP_PX)
        sheet[top : top + tile_height, left : left + tile_width] = tile
    return sheet


def _overlay(image: Image, mask: Mask, geometry: Geometry, height: int) -> Image:
    width = round(height * geometry.original.width / geometry.original.height)
    picture = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    inside = pixel_mask(mask, geometry, Size(height, width))
    shaded = BACKGROUND_LIGHT * picture + (1 - BACKGROUND_LIGHT) * np.array(SHADE, np.float32)
    picture = np.where(inside[..., None], picture, shaded)
    thickness = np.ones((max(2, height // 150),) * 2, np.uint8)
    outline = cv2.dilate(inside.astype(np.uint8), thickness) != cv2.erode(inside.astype(np.uint8), thickness)
    picture[outline] = OUTLINE
    return np.asarray(np.rint(picture), np.uint8)
