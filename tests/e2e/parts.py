"""Photographs of one kind of part, drawn."""

import cv2
import numpy as np


def part(seed: int, *, spoilt: bool = False, suffix: str = ".png") -> bytes:
    """The same kind of part, each a little different; spoilt, it has a black square."""
    kind = np.random.default_rng(0).integers(60, 200, (8, 10, 3))
    drawn = kind + np.random.default_rng(seed).normal(0, 30, kind.shape)
    picture = np.clip(cv2.resize(drawn, (160, 128), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)
    if spoilt:
        picture[50:70, 60:80] = 0
    return cv2.imencode(suffix, picture)[1].tobytes()
