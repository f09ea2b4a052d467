"""Photographs as pages show them: small, and of a type that every browser knows."""

from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel

from app.engine.photograph.image_file import decode_image

ThumbnailSize = Literal["small", "large"]
EDGE_PX: dict[ThumbnailSize, int] = {"small": 320, "large": 1600}
JPEG_QUALITY = 85
KEPT = "private, max-age=86400, immutable"
"""By the browser: its address names the file by its SHA-256."""


class PictureQuery(BaseModel):
    """How large a picture is shown."""

    size: ThumbnailSize = "small"


def thumbnail(data: bytes, size: ThumbnailSize, max_pixels: int) -> bytes:
    """A JPEG of a kept upload, whose longer edge is as long as the size says, or as it was if it is shorter.

    Raises what `decode_image` raises.
    """
    pixels = decode_image(data, max_pixels, "auto").pixels
    scale = EDGE_PX[size] / max(pixels.shape[:2])
    if scale < 1:
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        pixels = np.asarray(small, np.uint8)
    blue_first = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", blue_first, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return encoded.tobytes()
