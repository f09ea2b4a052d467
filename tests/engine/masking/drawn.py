"""Drawn images, and patch features simple enough to be followed by hand."""

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.spec import BackboneSpec, MaskRule
from app.engine.options import ROTATION_ANGLES_DEG
from app.engine.photograph.augment import rotate
from app.engine.types import Geometry, Grid, Image, PatchFeatures, Size

PATCH_PX = 8


def spec(mask_rule: MaskRule, mask_threshold: float | None = None) -> BackboneSpec:
    return BackboneSpec(
        name="patch_statistics",
        architecture="efficientnet_lite",
        patch_size=PATCH_PX,
        width=6,
        depth=0,
        heads=0,
        registers=0,
        mlp="none",
        layer_scale=False,
        stored_grid=0,
        position_embedding="none",
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        mask_rule=mask_rule,
        mask_threshold=mask_threshold,
        heat_scale=1.0,
        file="none.safetensors",
        address=None,
        size_bytes=None,
        sha256="0" * 64,
        licence="Apache-2.0",
    )


OTSU = spec("otsu")
OTSU_CORE = spec("otsu_core")
FIXED = spec("fixed", 10.0)


def geometry(rows: int, columns: int, extra_px: int = 0) -> Geometry:
    """Whole patches, with `extra_px` cut off at the bottom and at the right."""
    cropped = Size(rows * PATCH_PX, columns * PATCH_PX)
    original = Size(cropped.height + extra_px, cropped.width + extra_px)
    return Geometry(original, original, cropped, Grid(rows, columns))


def grid_features(values: NDArray[np.float64]) -> PatchFeatures:
    """Features of one dimension from a rows×columns picture of their values."""
    rows, columns = values.shape
    return PatchFeatures(values.reshape(-1, 1).astype(np.float32), geometry(rows, columns))


def patch_statistics(image: Image) -> PatchFeatures:
    """Mean and standard deviation of each colour over each patch, in grey levels: D = 6."""
    rows, columns = image.shape[0] // PATCH_PX, image.shape[1] // PATCH_PX
    patches = image.reshape(rows, PATCH_PX, columns, PATCH_PX, 3).astype(np.float32)
    values = np.concatenate([patches.mean(axis=(1, 3)), patches.std(axis=(1, 3))], axis=-1)
    return PatchFeatures(values.reshape(-1, 6), geometry(rows, columns))


def rotations(image: Image) -> list[PatchFeatures]:
    return [patch_statistics(rotate(image, angle_deg)) for angle_deg in ROTATION_ANGLES_DEG]


def disc_on_plain(share: float, centre: tuple[float, float] = (0.5, 0.5), side_px: int = 224) -> Image:
    """A brown disc over `share` of a grey image with mild noise; `centre` as shares of the width and height."""
    noise = np.random.default_rng(5).normal(0, 2, (side_px, side_px, 3))
    image = np.clip(190 + noise, 0, 255).astype(np.uint8)
    place = (round(centre[0] * side_px), round(centre[1] * side_px))
    cv2.circle(image, place, round(side_px * float(np.sqrt(share / np.pi))), (120, 70, 40), cv2.FILLED)
    return image


def cobbles(side_px: int = 224) -> Image:
    """A texture: cells of random brightness, none of them an object."""
    cells = np.random.default_rng(6).integers(40, 220, (side_px // 12 + 1, side_px // 12 + 1), np.uint8)
    grey = cv2.resize(cells, None, fx=12, fy=12, interpolation=cv2.INTER_NEAREST)[:side_px, :side_px]
    return np.repeat(grey[..., None], 3, axis=2)
