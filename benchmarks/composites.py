"""Real objects, cut out of their photographs and laid on plain backgrounds, with known masks to compare with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.types import Geometry, Image, Mask

Kind = Literal["hazelnut", "cookies"]
PixelMask = NDArray[np.bool_]

SIDE_PX = 512
BACKGROUNDS = {"light grey": (205, 205, 200), "dark": (38, 38, 42), "blue-green": (60, 120, 140)}
GRADIENT = 24.0
"""Grey levels from one end of the background to the other."""

NOISE = 3.0
"""Standard deviation of the background's noise in grey levels."""

HAZELNUT_WARMTH = 8.0
"""Red minus blue, above which a pixel is hazelnut: its background is neutral, its shaded side nearly black."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """An image (H×W×3 uint8) and which of its pixels show the object (H×W)."""

    image: Image
    mask: PixelMask


def read_rgb(path: Path) -> Image:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8)


def cut_out(path: Path, kind: Kind) -> Photograph:
    """The object's mask by its warmth (red minus blue): both objects are brown on neutral grounds."""
    image = read_rgb(path)
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.5)
    warmth = smooth[..., 0] - smooth[..., 2]
    threshold = HAZELNUT_WARMTH
    if kind == "cookies":
        threshold, _ = cv2.threshold(np.clip(warmth, 0, 255).astype(np.uint8), 0, 1, cv2.THRESH_OTSU)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    opened = cv2.morphologyEx(_largest(warmth > threshold).astype(np.uint8), cv2.MORPH_OPEN, disc)
    return Photograph(image, _largest(opened > 0))


def composite(photograph: Photograph, area: float, background: str, generator: np.random.Generator) -> Photograph:
    """Lay the object, turned and shifted at random, on a background so that `area` (0..1) of the image shows it."""
    colours, alpha = _bounding_box(photograph)
    angle_deg, shift = generator.uniform(0, 360), generator.uniform(-1, 1, 2)
    low, high = 0.1, 10.0
    for _ in range(40):
        scale = (low + high) / 2
        placed = _placed(alpha, _placement(alpha.shape, scale, angle_deg, shift))
        low, high = (scale, high) if placed.mean() < area else (low, scale)
    matrix = _placement(alpha.shape, scale, angle_deg, shift)
    opacity = np.clip(cv2.GaussianBlur(_placed(alpha, matrix), (0, 0), 1.0), 0, 1)
    ground = _background(background, generator)
    mixed = ground + opacity[..., None] * (_placed(colours, matrix) - ground)
    return Photograph(np.clip(np.rint(mixed), 0, 255).astype(np.uint8), np.asarray(opacity > 0.5, np.bool_))


def patch_shares(mask: PixelMask, geometry: Geometry) -> NDArray[np.float32]:
    """Which share of each patch the pixel mask covers: N, 0..1."""
    resized = cv2.resize(
        mask.astype(np.float32), (geometry.resized.width, geometry.resized.height), interpolation=cv2.INTER_AREA
    )
    cropped = resized[: geometry.cropped.height, : geometry.cropped.width]
    size = geometry.cropped.width // geometry.grid.columns
    patches = cropped.reshape(geometry.grid.rows, size, geometry.grid.columns, size).mean(axis=(1, 3))
    return np.asarray(patches, np.float32).ravel()


def _overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def overlaps(mask: Mask, shares: NDArray[np.float32]) -> tuple[float, float, float]:
    """IoU with the patches that the object touches, IoU with those it fills at least half; share of the latter kept."""
    half = shares >= 0.5
    return _overlap(mask, shares > 0), _overlap(mask, half), float((mask & half).sum() / max(1, half.sum()))


def _largest(mask: PixelMask) -> PixelMask:
    """The largest component, its holes filled."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    largest = (labels == 1 + statistics[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    outlines, _ = cv2.findContours(largest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(largest)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    return np.asarray(filled > 0, np.bool_)


def _bounding_box(photograph: Photograph) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colours and opacity of the object alone; its rim is painted outwards, to let no old background through."""
    rows, columns = np.nonzero(photograph.mask)
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    mask = photograph.mask[box].astype(np.uint8)
    outside = 1 - cv2.erode(mask, np.ones((3, 3), np.uint8))
    colours = cv2.inpaint(np.ascontiguousarray(photograph.image[box]), outside, 3, cv2.INPAINT_TELEA)
    return colours.astype(np.float32), mask.astype(np.float32)


def _placement(
    shape: tuple[int, ...], scale: float, angle_deg: float, shift: NDArray[np.float64]
) -> NDArray[np.float64]:
    height, width = shape[:2]
    centre = ((width - 1) / 2, (height - 1) / 2)
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, angle_deg, scale), np.float64)
    room = max(0.0, SIDE_PX / 2 - 0.55 * scale * max(height, width))
    matrix[:, 2] += SIDE_PX / 2 - np.array(centre) + shift * room
    return matrix


def _placed(values: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    # Colours go on beyond their edge, where the opacity has its own soft rim; the opacity itself ends.
    edge = cv2.BORDER_REPLICATE if values.ndim == 3 else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(values, matrix, (SIDE_PX, SIDE_PX), borderMode=edge), np.float32)


def _background(name: str, generator: np.random.Generator) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX] / SIDE_PX - 0.5
    direction = generator.uniform(0, 2 * np.pi)
    light = GRADIENT * (columns * np.cos(direction) + rows * np.sin(direction))
    noise = generator.normal(0, NOISE, (SIDE_PX, SIDE_PX, 3))
    return np.asarray(np.array(BACKGROUNDS[name]) + light[..., None] + noise, np.float32)
