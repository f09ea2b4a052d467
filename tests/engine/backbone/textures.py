"""Drawn textures that patch features have to tell apart."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]


def grating(wavelength_px: float, angle_deg: float, seed: int, height: int = 224, width: int = 224) -> Pixels:
    """1×3×H×W stripes with noise of their own."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:height, :width]
    angle = np.deg2rad(angle_deg)
    along = across * np.cos(angle) + down * np.sin(angle) + rng.uniform(0, wavelength_px)
    stripes = 0.5 + 0.2 * np.sin(2 * np.pi * along / wavelength_px) + rng.normal(0, 0.01, (height, width))
    return np.repeat(stripes[None, None], 3, axis=1).astype(np.float32)
