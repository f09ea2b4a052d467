"""Whether a photograph's samples mean what they are taken for: all their bits used, and no raw colour mosaic."""

import numpy as np

from app.engine.types import Image

FEWEST_BITS_LOST = 2
"""A photograph without highlights leaves one bit unused."""

MOSAIC_SIDE = 512
"""Pixels a side, from the middle, that are looked at."""

MOSAIC_FLOOR = 2.0
MOSAIC_RATIO = 1.5
"""Grey levels by which neighbours differ at least, and how many times as much as those two apart. Photographs differ
more the farther apart; measured in `docs/accuracy.md`."""


def mosaic_contrast(image: Image) -> float:
    """Of a photograph (H×W×3): how much more neighbours differ than pixels two apart, in the direction in which that is
    less; 0 for colours, and where neighbours hardly differ."""
    height, width = image.shape[:2]
    top, left = max(0, (height - MOSAIC_SIDE) // 2), max(0, (width - MOSAIC_SIDE) // 2)
    part = image[top : top + MOSAIC_SIDE, left : left + MOSAIC_SIDE]
    if min(part.shape[:2]) < 3 or (part != part[..., :1]).any():
        return 0.0
    grey = part[..., 0].astype(np.float32)
    return min(_contrast(grey), _contrast(grey.T))


def _contrast(grey: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    beside = float(np.abs(grey[1:] - grey[:-1]).mean())
    apart = float(np.abs(grey[2:] - grey[:-2]).mean())
    return beside / max(apart, 0.1) if beside >= MOSAIC_FLOOR else 0.0
