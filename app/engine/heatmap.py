"""The anomaly map as a picture: on the bank's fixed colour scale, never stretched per image (ALGORITHM 5.4)."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.types import AnomalyMap, Image, RegionMask, Size
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

HATCH_SHARE = 1 / 40
"""Of the picture's smaller edge: from one line to the next where the overlay hatches what was not looked at."""

HATCH_GREY = 150
VEIL = 0.35
"""How much of its darkness is left of what was not looked at: nothing that was looked at is as pale."""

PNG_HEADER_BYTES = 33
"""The signature and the chunk IHDR."""

STRIP_PIXELS = 2**18
"""Drawn at a time: the floating-point values of a whole large photograph would take gigabytes."""

_INFERNO = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)
_PALETTE = _INFERNO[:, 0, ::-1].astype(np.uint8)
"""256×3 RGB."""


@dataclass(frozen=True, slots=True)
class Heatmap:
    """An encoded heatmap. `scale_max` is the anomaly-map value at the hot end; the cold end is 0.

    `unseen_share`: which share of the image, 0..1, was not looked at. `legend`: what each colour or value means, also
    in the PNG (tEXt chunk `Legend`).
    """

    png: bytes
    width: int
    height: int
    scale_max: float
    style: HeatmapStyle
    unseen_share: float
    legend: Mapping[str, str]


def heatmap(
    anomaly_map: AnomalyMap,
    image: Image,
    scale_max: float,
    *,
    style: HeatmapStyle = "heat",
    smaller_edge: int | None,
    regions: RegionMask | None = None,
    unseen: RegionMask | None = None,
) -> Heatmap:
    """Draw an anomaly map of an image (H×W×3) as PNG; `smaller_edge` in px, None for the image's own size. The map is
    H×W, or as large as what is drawn (`shown_size`).

    A picture is never larger than its image: a `smaller_edge` beyond the image's own gives the image's size.

    `heat`: 8-bit palette. `overlay`: the image with the heat laid over it, from a quarter of the
    scale on, and the outlines of the regions, if any are given. `gray16`: 16-bit grey, 65535 = `scale_max`. `mask`:
    8-bit grey, 255 in the regions, 0 elsewhere. `unseen`: the pixels (H×W) that were not looked at. The overlay hatches
    them; elsewhere they are 0, and the legend says so.

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
        veiled = None if unseen is None else _scaled(unseen.astype(np.uint8), smaller_edge) > 0
        png = encode_png(_overlay(_scaled(image, smaller_edge), shown, scale_max, inside, veiled))
    elif inside is None:
        raise InvalidRequest(
            "The style `mask` draws regions, and without a calibration none can be told. "
            "Ask for another style, or calibrate first."
        )
    else:
        png = encode_png(inside)
    unseen_share = 0.0 if unseen is None else float(unseen.mean())
    legend = _legend(style, scale_max, unseen_share, has_regions=inside is not None)
    told = with_text(png, "Legend", "; ".join(f"{shown}: {meaning}" for shown, meaning in legend.items()))
    return Heatmap(told, shown.shape[1], shown.shape[0], scale_max, style, unseen_share, legend)


def _legend(style: HeatmapStyle, scale_max: float, unseen_share: float, *, has_regions: bool) -> dict[str, str]:
    """In the order of the scale."""
    unseen = f"not looked at ({100 * unseen_share:.1f} % of the image: masked background, or an edge cut off)"
    dark = "like the references" + (f", or {unseen}" if unseen_share else "")
    hot = f"anomaly map {scale_max:.4g} or more"
    if style == "heat":
        return {"black (0)": dark, "bright yellow": hot}
    if style == "gray16":
        return {"0": dark, "65535": hot}
    if style == "mask":
        return {"0": "in no region" + (f", or {unseen}" if unseen_share else ""), "255": "in a region"}
    return {
        **({"grey, hatched": unseen} if unseen_share else {}),
        "the image as it is": f"anomaly map below {OVERLAY_FROM * scale_max:.4g}",
        "bright yellow": hot,
        **({"cyan outline": "a region"} if has_regions else {}),
    }


def shown_size(image: Size, smaller_edge: int | None) -> Size:
    """How large an image is drawn at a smaller edge, px: never larger than it is; None: as it is."""
    if smaller_edge is None or smaller_edge >= min(image.height, image.width):
        return image
    factor = smaller_edge / min(image.height, image.width)
    return Size(max(1, round(image.height * factor)), max(1, round(image.width * factor)))


def _scaled(picture: Picture, smaller_edge: int | None) -> Picture:
    size = shown_size(Size(*picture.shape[:2]), smaller_edge)
    if size == Size(*picture.shape[:2]):
        return picture
    return cast(Picture, cv2.resize(picture, (size.width, size.height), interpolation=cv2.INTER_AREA))


def _regions_scaled(regions: RegionMask, smaller_edge: int | None) -> NDArray[np.uint8]:
    """255 in every pixel that a region has a share in, so that none vanishes from a small picture."""
    inside = _scaled(regions.astype(np.uint8) * np.uint8(255), smaller_edge)
    return np.where(inside > 0, np.uint8(255), np.uint8(0))


def _levels(shown: AnomalyMap, scale_max: float, depth: type[Level]) -> NDArray[Level]:
    levels = np.empty(shown.shape, depth)
    for rows in _strips(shown):
        levels[rows] = np.rint(_share(shown[rows], scale_max) * np.iinfo(depth).max)
    return levels


def _overlay(
    image: Image,
    shown: AnomalyMap,
    scale_max: float,
    inside: NDArray[np.uint8] | None,
    unseen: NDArray[np.bool_] | None,
) -> Image:
    mixed = np.empty_like(image)
    for rows in _strips(image):
        share = _share(shown[rows], scale_max)
        ramp = np.clip((share - OVERLAY_FROM) / (OVERLAY_FULL - OVERLAY_FROM), 0, 1)
        opacity = (OVERLAY_OPACITY * ramp)[:, :, None]
        heat = _PALETTE[np.rint(share * 255).astype(np.uint8)]
        mixed[rows] = np.rint(image[rows] * (1 - opacity) + heat * opacity)
        if unseen is not None:
            mixed[rows][unseen[rows]] = _hatched(image[rows], rows.start, min(image.shape[:2]))[unseen[rows]]
    if inside is not None:
        mixed[_outline(inside)] = OUTLINE_RGB
    return mixed


def _hatched(part: Image, top: int, smaller_edge: int) -> Image:
    """Rows of an image from `top` on, pale, grey and hatched."""
    period = max(6, round(HATCH_SHARE * smaller_edge))
    rows, columns = np.ogrid[top : top + part.shape[0], : part.shape[1]]
    pale = 255 - (255 - cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)) * np.float32(VEIL)
    lined = np.where((rows + columns) % period < period / 6, HATCH_GREY, pale)
    return np.repeat(np.rint(lined).astype(np.uint8)[:, :, None], 3, axis=2)


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


def with_text(png: bytes, keyword: str, text: str) -> bytes:
    """A PNG with a tEXt chunk more, in Latin-1."""
    body = f"{keyword}\0{text}".encode("latin-1")
    return png[:PNG_HEADER_BYTES] + _chunk(b"tEXt", body) + png[PNG_HEADER_BYTES:]


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
