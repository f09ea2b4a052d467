"""Shapes on the grid of patches: border, 3×3 morphology, islands. Arrays of rows×columns bool, or N×1 for `paper`."""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.types import Grid

SQUARE = np.ones((3, 3), np.uint8)

ISLAND_SHARE = 0.1
"""Islands below this share of the largest one are dropped: single patches, and the artefacts that vision transformers
show in the corners of a resampled position table."""


def border(grid: Grid) -> NDArray[np.bool_]:
    """The outermost ring of patches, flat in raster order."""
    ring = np.ones((grid.rows, grid.columns), np.bool_)
    ring[1:-1, 1:-1] = False
    return ring.ravel()


def dilated(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """3×3 dilation; outside counts as background."""
    return cv2.dilate(mask.astype(np.uint8), SQUARE) > 0


def closed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """3×3 closing; outside counts as background while dilating and as foreground while eroding (OpenCV's default)."""
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, SQUARE) > 0


def closed_inside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """3×3 closing on a grid that goes on beyond its border, empty: it builds no bridge from the mask to the border."""
    return closed(np.pad(mask, 2))[2:-2, 2:-2]


def core(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Patches whose eight neighbours are all set; outside counts as foreground."""
    return cv2.erode(mask.astype(np.uint8), SQUARE) > 0


def without_islands(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without 8-connected islands smaller than `ISLAND_SHARE` of the largest one."""
    labels, sizes = _islands(mask)
    kept = sizes >= ISLAND_SHARE * sizes.max(initial=0)
    return np.concatenate([[False], kept])[labels]


def component_count(mask: NDArray[np.bool_]) -> int:
    """Number of 8-connected components."""
    return len(_islands(mask)[1])


def _islands(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Labels (0 = background) and the patch count of each island."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return np.asarray(labels, np.int32), np.asarray(statistics[1:, cv2.CC_STAT_AREA], np.int32)
