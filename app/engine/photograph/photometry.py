"""Measuring what a photograph looks like."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.photograph.appearance import Appearance
from app.engine.types import Image

EDGE = 448
"""Sharpness is judged at this smaller edge, about what the backbone sees; smaller photographs as they are."""

NOISE_SIGMA_PX = 1.0
"""Smooths the sensor's noise away, which would pass for detail."""

ROUNDING = 1e-6
"""Of the slopes, in grey levels squared: what an even image has of them is rounding."""

CELLS = 64
"""Cells a side that the photograph is averaged to before its centroid and its shading are taken."""


def _shadings() -> NDArray[np.float64]:
    """Polynomials of second order over the cells, as orthonormal columns; the first is the even one."""
    y, x = np.mgrid[-1 : 1 : CELLS * 1j, -1 : 1 : CELLS * 1j]
    columns = [np.ones_like(x), x, y, x * x, x * y, y * y]
    return np.asarray(np.linalg.qr(np.stack(columns, axis=-1).reshape(-1, len(columns)))[0])


_SHADINGS = _shadings()


def appearance(image: Image) -> Appearance:
    """Of a photograph (H×W×3 uint8 RGB)."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    mean, deviation = cv2.meanStdDev(grey)
    scaled = scaled_down(grey)
    cells = np.asarray(cv2.resize(scaled, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float64)
    return Appearance(
        float(mean.item()),
        float(deviation.item()),
        _sharpness(scaled),
        *_centroid(cells),
        detail=_detail(grey, cells),
    )


def scaled_down(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A photograph (H×W or H×W×3) at the smaller edge `EDGE`, if it is larger."""
    scale = EDGE / min(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _sharpness(grey: NDArray[np.uint8]) -> float:
    if min(grey.shape) < 2:
        return 0.0
    smooth = np.asarray(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), NOISE_SIGMA_PX), np.float32)
    slopes = float(np.diff(smooth, axis=0).var() + np.diff(smooth, axis=1).var())
    return float(cv2.Laplacian(smooth, cv2.CV_32F).var()) / slopes if slopes > ROUNDING else 0.0


def _detail(grey: NDArray[np.uint8], cells: NDArray[np.float64]) -> float:
    """What is left of the deviation without noise and without a shading of second order, as lamps and lenses make it.

    At full size: scaled down, a fine texture would be as even as noise.
    """
    _, deviation = cv2.meanStdDev(cv2.GaussianBlur(grey, (0, 0), NOISE_SIGMA_PX))
    shading = (_SHADINGS.T @ cells.ravel())[1:]
    return math.sqrt(max(0.0, float(deviation.item()) ** 2 - float(shading @ shading) / cells.size))


def _centroid(cells: NDArray[np.float64]) -> tuple[float, float]:
    weights = np.abs(cells - np.median(cells))
    total = float(weights.sum())
    if total == 0:
        return 0.5, 0.5
    middles = (np.arange(CELLS) + 0.5) / CELLS
    return float(weights.sum(axis=0) @ middles) / total, float(weights.sum(axis=1) @ middles) / total
