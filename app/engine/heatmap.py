"""The anomaly map as a picture: on the bank's fixed colour scale, never stretched per image (ALGORITHM 5.4)."""

import zlib
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.types import AnomalyMap, Image

Picture = TypeVar("Picture", AnomalyMap, Image)
HeatmapStyle = Literal["heat", "overlay", "gray16"]
COLORMAP = "inferno"
OVERLAY_OPACITY = 0.75

_INFERNO = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)
_PALETTE = _INFERNO[:, 0, ::-1].astype(np.uint8)
"""256×3 RGB."""


@dataclass(frozen=True, slots=True)
class Heatmap:
    """An encoded heatmap. `scale_max` is the anomaly-map value at the hot end; the cold end is 0."""

    png: bytes
    width: int
    height: int
    scale_max: float
    style: HeatmapStyle


def heatmap(
    anomaly_map: AnomalyMap, image: Image, scale_max: float, *, style: HeatmapStyle = "heat", smaller_edge: int | None
) -> Heatmap:
    """Draw an anomaly map (H×W) of an image (H×W×3) as PNG; `smaller_edge` in px, None for the image's own size.

    `heat`: 8-bit palette. `overlay`: the image with the heat laid over it, opaque as the square of the heat, so that
    good parts stay clear.
    `gray16`: 16-bit grey, 65535 = `scale_max`.
    """
    shown = _scaled(anomaly_map, smaller_edge)
    share = np.asarray(np.clip(shown / max(scale_max, 1e-12), 0, 1), np.float32)
    levels = np.rint(share * 255).astype(np.uint8)
    if style == "heat":
        png = palette_png(levels, _PALETTE)
    elif style == "gray16":
        png = encode_png(np.rint(share * 65535).astype(np.uint16))
    else:
        png = encode_png(_overlay(_scaled(image, smaller_edge), levels, share))
    return Heatmap(png, shown.shape[1], shown.shape[0], scale_max, style)


def _scaled(picture: Picture, smaller_edge: int | None) -> Picture:
    height, width = picture.shape[:2]
    if smaller_edge is None or smaller_edge == min(height, width):
        return picture
    factor = smaller_edge / min(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cast(Picture, cv2.resize(picture, size, interpolation=interpolation))


def _overlay(image: Image, levels: NDArray[np.uint8], share: AnomalyMap) -> Image:
    opacity = (OVERLAY_OPACITY * share**2)[:, :, None]
    mixed = image.astype(np.float32) * (1 - opacity) + _PALETTE[levels].astype(np.float32) * opacity
    return np.asarray(np.rint(mixed), np.uint8)


def encode_png(picture: NDArray[np.generic]) -> bytes:
    """PNG of a grey (H×W, 8 or 16 bits) or RGB (H×W×3, 8 bits) picture."""
    ordered = picture[:, :, ::-1] if picture.ndim == 3 else picture
    _, data = cv2.imencode(".png", np.ascontiguousarray(ordered))
    return data.tobytes()


def palette_png(levels: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """PNG with a palette: H×W indices into 256×3 RGB. A grey PNG whose header says "palette", plus the palette.

    The pixels are those of the colour-mapped truecolour picture, at a quarter of the bytes.
    """
    grey = encode_png(levels)
    signature, header, rest = grey[:8], bytearray(grey[16:29]), grey[33:]
    colour_type = 9
    header[colour_type] = 3
    return signature + _chunk(b"IHDR", bytes(header)) + _chunk(b"PLTE", palette.tobytes()) + rest


def _chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
