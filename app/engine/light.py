"""The light of a photograph, which takes no backbone to see."""

from dataclasses import dataclass

import cv2

from app.engine.types import Image


@dataclass(frozen=True, slots=True)
class Light:
    """Mean grey level and its standard deviation over the image, each 0..255."""

    brightness: float
    contrast: float


def light(image: Image) -> Light:
    """Of a photograph (H×W×3 uint8 RGB)."""
    mean, deviation = cv2.meanStdDev(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    return Light(float(mean.item()), float(deviation.item()))
