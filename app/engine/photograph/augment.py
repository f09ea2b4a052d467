"""Rotations of a reference (ALGORITHM 1.2)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.types import Image, Size


def rotate(image: Image, angle_deg: float) -> Image:
    """Rotate an image (H×W×3 uint8) counter-clockwise as displayed, at full resolution and unchanged size.

    The centre is (W/2, H/2) with pixel centres at integers, as the authors have it; so a 90° turn is shifted by one
    pixel against an exact quarter turn. Bilinear; what comes in from outside is mirrored (reflect-101).
    """
    if angle_deg == 0:
        return image
    height, width = image.shape[:2]
    matrix = rotation_matrix(Size(height, width), angle_deg)
    rotated = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(rotated, np.uint8)


def rotation_matrix(size: Size, angle_deg: float) -> NDArray[np.float64]:
    """The rotation that `rotate` makes, 2×3: from (x, y, 1) in the image to (x, y) in the rotated one."""
    return np.asarray(cv2.getRotationMatrix2D((size.width / 2, size.height / 2), angle_deg, 1.0), np.float64)
