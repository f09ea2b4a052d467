"""Rotations of a reference (ALGORITHM 1.2)."""

import cv2
import numpy as np

from app.engine.types import Image


def rotate(image: Image, angle_deg: float) -> Image:
    """Rotate an image (H×W×3 uint8) counter-clockwise as displayed, at full resolution and unchanged size.

    The centre is (W/2, H/2) with pixel centres at integers, as the authors have it; so a 90° turn is shifted by one
    pixel against an exact quarter turn. Bilinear; what comes in from outside is mirrored (reflect-101).
    """
    if angle_deg == 0:
        return image
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    rotated = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(rotated, np.uint8)
