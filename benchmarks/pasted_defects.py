"""Spots and scratches of known size, painted into photographs of good parts."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.types import Image

REMAINING = 0.4
"""Share of the light that is left where the defect lies."""

LIGHTEST = 80
"""Grey level that the place has at least, so that the defect is 48 levels or more darker than what is around it."""

CENTRAL = 0.25, 0.75
SCRATCH_WIDTH = 1 / 7
TRIES = 200


@dataclass(frozen=True, slots=True)
class Defect:
    """A dark disc by its diameter, or a dark line by its length, in patch sides; the line is a seventh of one wide."""

    kind: Literal["spot", "scratch"]
    patches: float


def pasted(image: Image, defect: Defect, patch_px: float, generator: np.random.Generator) -> Image:
    """The photograph (H×W×3 uint8) with the defect at a random light place of its middle half.

    `patch_px`: the side of a patch in pixels of the photograph.
    """
    grey = cv2.blur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (max(1, round(patch_px)),) * 2)
    height, width = grey.shape
    for _ in range(TRIES):
        x, y = generator.uniform(*CENTRAL) * width, generator.uniform(*CENTRAL) * height
        if grey[int(y), int(x)] >= LIGHTEST:
            break
    else:
        raise SystemExit("no place in the middle of the photograph is light enough for a dark defect")
    shade = _coverage((height, width), (x, y), defect, patch_px, generator.uniform(0, np.pi))
    return np.rint(image * (1 - (1 - REMAINING) * shade[..., None])).astype(np.uint8)


def _coverage(
    shape: tuple[int, int], centre: tuple[float, float], defect: Defect, patch_px: float, angle_rad: float
) -> NDArray[np.float32]:
    """Share of each pixel that the defect covers, 0..1; painted four times as fine, then averaged."""
    fine = 4
    canvas = np.zeros((shape[0] * fine, shape[1] * fine), np.uint8)
    size = defect.patches * patch_px * fine
    x, y = centre[0] * fine, centre[1] * fine
    if defect.kind == "spot":
        cv2.circle(canvas, (round(x), round(y)), max(1, round(size / 2)), 255, cv2.FILLED)
    else:
        along = np.array([np.cos(angle_rad), np.sin(angle_rad)]) * size / 2
        ends = [(round(x + sign * along[0]), round(y + sign * along[1])) for sign in (-1, 1)]
        cv2.line(canvas, ends[0], ends[1], 255, max(1, round(SCRATCH_WIDTH * patch_px * fine)))
    covered = cv2.resize(canvas, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(covered / 255, np.float32)
