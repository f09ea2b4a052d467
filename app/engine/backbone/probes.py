"""Drawn images that executions of a backbone are compared on: fixed, like photographs of parts."""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.spec import BackboneSpec
from app.engine.types import Image

SEED = 5


def good_and_bad(height: int, width: int) -> tuple[Image, Image]:
    """A good part, and another one with a scratch and a stain, of that size."""
    good, bad = (_part(np.random.default_rng([SEED, height, width, each]), height, width) for each in range(2))
    cv2.line(bad, (width // 3, height // 2), (width // 2, height // 3), (235, 230, 225), 2, cv2.LINE_AA)
    cv2.circle(bad, (2 * width // 3, 2 * height // 3), 7, (60, 45, 40), -1, cv2.LINE_AA)
    return good, bad


def normalised(image: Image, spec: BackboneSpec) -> NDArray[np.float32]:
    """1×3×H×W, as the backbone wants it."""
    mean, std = (np.array(each, np.float32) for each in (spec.mean, spec.std))
    return np.ascontiguousarray(((np.float32(1 / 255) * image - mean) / std).transpose(2, 0, 1)[None], np.float32)


def _part(rng: np.random.Generator, height: int, width: int) -> Image:
    """A brushed plate with holes on a dark ground."""
    picture = np.full((height, width, 3), (48, 52, 60), np.uint8)
    margin = min(height, width) // 8
    cv2.rectangle(picture, (margin, margin), (width - margin, height - margin), (150, 146, 138), -1, cv2.LINE_AA)
    for x, y in ((0.3, 0.3), (0.7, 0.3), (0.3, 0.7), (0.7, 0.7), (0.5, 0.5)):
        centre = int(x * width + rng.normal(0, 2)), int(y * height + rng.normal(0, 2))
        cv2.circle(picture, centre, min(height, width) // 14, (70, 60, 55), -1, cv2.LINE_AA)
        cv2.circle(picture, centre, min(height, width) // 14, (190, 188, 180), 2, cv2.LINE_AA)
    brushed = cv2.GaussianBlur(rng.normal(0, 30, (height, width)), (0, 0), sigmaX=9, sigmaY=0.6)
    light = np.linspace(-18, 18, width)[None] + np.linspace(-8, 8, height)[:, None]
    grain = rng.normal(0, 2.5, (height, width, 3))
    return np.asarray((picture + (brushed + light)[:, :, None] + grain).clip(0, 255), np.uint8)
