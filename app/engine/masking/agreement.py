"""Masks under rotation: does a mask turn with the image?"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.types import Geometry, Mask

FULLY_INSIDE = 0.99
"""A patch takes part when at least this share of it comes from the image itself, not from its mirrored border."""


def rotation_agreement(masks: Sequence[Mask], angles_deg: Sequence[float], geometry: Geometry) -> float:
    """How well the masks of a reference's rotations agree with the rotated mask of the reference: 0..1, 1 best.

    `masks` belong to `angles_deg`; the first is the unrotated one (0°). Intersection over union, summed over all other
    angles before dividing, where the rotated image is not its mirrored border. 0 when no mask has anything there.
    """
    upright = masks[0].reshape(geometry.grid.rows, geometry.grid.columns).astype(np.float32)
    common = joined = 0
    for mask, angle_deg in zip(masks[1:], angles_deg[1:], strict=True):
        matrix = grid_rotation(geometry, angle_deg)
        inside = _warped(np.ones_like(upright), matrix) >= FULLY_INSIDE
        expected = (_warped(upright, matrix) >= 0.5)[inside]
        found = mask.reshape(upright.shape)[inside]
        common += int((expected & found).sum())
        joined += int((expected | found).sum())
    return common / joined if joined else 0.0


def grid_rotation(geometry: Geometry, angle_deg: float) -> NDArray[np.float64]:
    """The rotation that `rotate` applies to the image, in patch coordinates (2×3, patch centres at integers)."""
    original, resized = geometry.original, geometry.resized
    patch_px = geometry.cropped.width / geometry.grid.columns
    scale_x, scale_y = resized.width / original.width / patch_px, resized.height / original.height / patch_px
    to_grid = np.array([[scale_x, 0, scale_x / 2 - 0.5], [0, scale_y, scale_y / 2 - 0.5], [0, 0, 1]])
    turn = np.eye(3)
    turn[:2] = cv2.getRotationMatrix2D((original.width / 2, original.height / 2), angle_deg, 1.0)
    return (to_grid @ turn @ np.linalg.inv(to_grid))[:2]


def _warped(values: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    rows, columns = values.shape
    return np.asarray(cv2.warpAffine(values, matrix, (columns, rows), flags=cv2.INTER_LINEAR), np.float32)
