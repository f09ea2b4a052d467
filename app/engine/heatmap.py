"""The anomaly map as a picture: on the bank's fixed colour scale, never stretched per image (ALGORITHM 5.4)."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.types import AnomalyMap, Image, RegionMask
from app.errors import InvalidRequest

Picture = TypeVar("Picture", AnomalyMap, Image)
Level = TypeVar("Level", np.uint8, np.uint16)
HeatmapStyle = Literal["heat", "overlay", "gray16", "mask"]
COLORMAP = "inferno"
OVERLAY_OPACITY = 0.75
OVERLAY_FROM, OVERLAY_FULL = 0.25, 0.75
"""Shares of the scale at which the overlay begins and is full: good parts reach half of it at their worst patch, and
most of their patches stay below a quarter."""

OUTLINE_RGB = (0, 255, 255)
"""No colour of the palette comes near it."""

OUTLINE_SHARE = 1 / 250
"""Of the picture's smaller edge: the width of an outline, one pixel at least."""

STRIP_PIXELS = 2**18
"""Drawn at a time: the floating-point values of a whole large photograph would take gigabytes."""

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
    anomaly_map: AnomalyMap,
    image: Image,
    scale_max: float,
    *,
    style: HeatmapStyle = "heat",
    smaller_edge: int | None,
    regions: RegionMask | None = None,
) -> Heatmap:
    """Draw an anomaly map (H×W) of an image (H×W×3) as PNG; `smaller_edge` in px, None for the image's own size.

    A picture is never larger than its image: a `smaller_edge` beyond the image's own gives the image's size.

    `heat`: 8-bit palette. `overlay`: the image with the heat laid over it, from a quarter of the
    scale on, and the outlines of the regions, if any are given. `gray16`: 16-bit grey, 65535 = `scale_max`. `mask`:
    8-bit grey, 255 in the regions, 0 elsewhere.

    Raises:
        InvalidRequest: a `mask` without regions, which is not the same as none found.
    """
    shown = _scaled(anomaly_map, smaller_edge)
    inside = None if regions is None else _regions_scaled(regions, smaller_edge)
    if style == "heat":
        png = palette_png(_levels(shown, scale_max, np.uint8), _PALETTE)
    elif style == "gray16":
        png = encode_png(_levels(shown, scale_max, np.uint16))
    elif style == "overlay":
        png = encode_png(_overlay(_scaled(image, smaller_edge), shown, scale_max, inside))
    elif inside is None:
        raise InvalidRequest(
            "The style `mask` draws regions, and without a calibration none can be told. "
            "Ask for another style, or calibrate first."
        )
    else:
        png = encode_png(inside)
    return Heatmap(png, shown.shape[1], shown.shape[0], scale_max, style)


def _scaled(picture: Picture, smaller_edge: int | None) -> Picture:
    height, width = picture.shape[:2]
    if smaller_edge is None or smaller_edge >= min(height, width):
        return picture
    factor = smaller_edge / min(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return cast(Picture, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _regions_scaled(regions: RegionMask, smaller_edge: int | None) -> NDArray[np.uint8]:
    """255 in every pixel that a region has a share in, so that none vanishes from a small picture."""
    inside = _scaled(regions.astype(np.uint8) * np.uint8(255), smaller_edge)
    return np.where(inside > 0, np.uint8(255), np.uint8(0))


def _levels(shown: AnomalyMap, scale_max: float, depth: type[Level]) -> NDArray[Level]:
    levels = np.empty(shown.shape, depth)
    for rows in _strips(shown):
        levels[rows] = np.rint(_share(shown[rows], scale_max) * np.iinfo(depth).max)
    return levels


def _overlay(image: Image, shown: AnomalyMap, scale_max: float, inside: NDArray[np.uint8] | None) -> Image:
    mixed = np.empty_like(image)
    for rows in _strips(image):
        share = _share(shown[rows], scale_max)
        ramp = np.clip((share - OVERLAY_FROM) / (OVERLAY_FULL - OVERLAY_FROM), 0, 1)
        opacity = (OVERLAY_OPACITY * ramp)[:, :, None]
        heat = _PALETTE[np.rint(share * 255).astype(np.uint8)]
        mixed[rows] = np.rint(image[rows] * (1 - opacity) + heat * opacity)
    if inside is not None:
        mixed[_outline(inside)] = OUTLINE_RGB
    return mixed


def _outline(inside: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The border of every region, drawn inside it, along the picture's edge too."""
    width = max(1, round(OUTLINE_SHARE * min(inside.shape)))
    square = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    core = cv2.erode(inside, square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(core != inside)


def _share(shown: AnomalyMap, scale_max: float) -> AnomalyMap:
    return np.asarray(np.clip(shown / max(scale_max, 1e-12), 0, 1), np.float32)


def _strips(picture: Picture) -> Iterator[slice]:
    height, width = picture.shape[:2]
    step = max(1, STRIP_PIXELS // width)
    return (slice(start, start + step) for start in range(0, height, step))


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
