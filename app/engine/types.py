"""The values that flow through the engine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from app.engine.device.faiss_torch import torch

Image: TypeAlias = NDArray[np.uint8]
"""H×W×3, RGB, 0..255."""

Mask: TypeAlias = NDArray[np.bool_]
"""N patches in raster order, true = foreground."""

Distances: TypeAlias = NDArray[np.float32]
"""N patches in raster order, distance to the nearest bank row in the bank's metric; 0 off the foreground."""

Weights: TypeAlias = NDArray[np.float32]
"""N patches in raster order, 0..1: by how much the distance counts where it is the largest; 1 where no mask that is
looked through has it as the largest."""

AnomalyMap: TypeAlias = NDArray[np.float32]
"""H×W at the size of the original image, in units of the patch distance."""

RegionMask: TypeAlias = NDArray[np.bool_]
"""H×W at the size of the original image, true inside a region."""


@dataclass(frozen=True, slots=True)
class Size:
    """Height and width in pixels."""

    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Box:
    """Whole pixels of an image: `x`, `y` is the top left one, counted from 0; at least one pixel, none outside."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows and columns of patches."""

    rows: int
    columns: int

    @property
    def patches(self) -> int:
        return self.rows * self.columns


@dataclass(frozen=True, slots=True)
class Geometry:
    """What became of an image on its way to the backbone.

    `original` is the image as given, `resized` after the resize, `cropped` after the bottom and right crop to whole
    patches (the same where it was resized to whole patches), `grid` the patches of the cropped image.
    """

    original: Size
    resized: Size
    cropped: Size
    grid: Grid


@dataclass(frozen=True, slots=True)
class ModelInput:
    """A preprocessed image: `pixels` is h×w×3 uint8, `tensor` the same as 3×h×w float32, normalised for the backbone;
    h×w is `geometry.cropped`."""

    pixels: NDArray[np.uint8]
    tensor: NDArray[np.float32]
    geometry: Geometry


Features: TypeAlias = Union[NDArray[np.float32], "torch.Tensor"]
"""Float32, in host memory or on the device that computed it."""


@dataclass(frozen=True, slots=True)
class PatchFeatures:
    """Raw patch features of one image: `rows` is N×D float32, row-major over `geometry.grid`, where it was computed."""

    rows: Features
    geometry: Geometry

    @property
    def values(self) -> NDArray[np.float32]:
        """The rows in host memory: copied at each call where they lie on a device."""
        return self.rows if isinstance(self.rows, np.ndarray) else np.asarray(self.rows.cpu().numpy())


@dataclass(frozen=True, slots=True)
class PatchDistances:
    """Per patch of an inspected image, in raster order: `values` (N, 0 off the foreground) and the `nearest` bank row
    (N, −1 off the foreground, and where none is near the patch's place). `weights` (N): None where the method weighs
    none."""

    values: Distances
    nearest: NDArray[np.int64]
    weights: Weights | None = None
