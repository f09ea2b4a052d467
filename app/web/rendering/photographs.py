"""Photographs as a browser can show them: of a type that every one knows, and no larger than they are shown."""

from typing import Literal

import cv2
from pydantic import BaseModel

from app.engine.photograph.image_file import decode_image
from app.engine.types import Image

PictureSize = Literal["small", "large"]
EDGE_PX: dict[PictureSize, int] = {"small": 320, "large": 1600}
QUALITY = 90
"""Of JPEG."""

KEPT = "private, max-age=86400, immutable"
"""By the browser: its address names the file by its SHA-256."""


class PictureQuery(BaseModel):
    """How large a picture is shown."""

    size: PictureSize = "small"


def shown(photograph: bytes, max_pixels: int, most_px: int) -> bytes:
    """A photograph of any type that can be inspected, as JPEG, its larger edge `most_px` at most.

    What decode_image raises.
    """
    pixels = decode_image(photograph, max_pixels, "auto").pixels
    _, jpeg = cv2.imencode(".jpg", _within(pixels, most_px)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()


def _within(pixels: Image, most_px: int) -> Image:
    height, width = pixels.shape[:2]
    share = most_px / max(height, width)
    if share >= 1:
        return pixels
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(pixels.dtype)
