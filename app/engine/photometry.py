"""Measuring the light of a photograph."""

import cv2

from app.engine.light import Light
from app.engine.types import Image


def light(image: Image) -> Light:
    """Of a photograph (H×W×3 uint8 RGB)."""
    mean, deviation = cv2.meanStdDev(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    return Light(float(mean.item()), float(deviation.item()))
