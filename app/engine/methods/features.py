"""Views of a backbone that make other patch features of its layers than its own."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT, Backbone
from app.engine.backbone.resnet import STRIDES_PX, ResNetBackbone
from app.engine.backbone.spec import BackboneSpec
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.types import Grid

Joining = Callable[[list[torch.Tensor]], torch.Tensor]
"""Planes of several layers (B×C×h×w each, the finest first) to B×N×D over the positions of the first."""

NEIGHBOURHOOD = 3
"""Side, in samples, of the square around each position that its features are taken from."""


class View:
    """A loaded backbone, seen otherwise: `pause` is its own."""

    def __init__(self, backbone: Backbone) -> None:
        self._viewed = backbone
        self.spec: BackboneSpec = backbone.spec
        self.engine, self.precision = backbone.engine, backbone.precision

    @property
    def pause(self) -> Callable[[], None]:
        return self._viewed.pause

    @pause.setter
    def pause(self, pause: Callable[[], None]) -> None:
        self._viewed.pause = pause


class ResNetLayers(View):
    """A ResNet whose layers are joined in another way; a patch is a sample of the first of them."""

    def __init__(self, backbone: ResNetBackbone, joining: Joining, width: int) -> None:
        """`joining` gives `width` numbers for each position."""
        super().__init__(backbone)
        self._backbone = backbone
        self._joining = joining
        first = min(backbone.spec.own_layers)
        self.spec = replace(backbone.spec, width=width, patch_size=STRIDES_PX[first])

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images (H and W whole patches) to B×N×D float32, row-major. GpuOutOfMemory."""
        return np.concatenate([self._features(image[None]) for image in inputs])

    def _features(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        planes = self._backbone.planes(image)
        with gpu_memory(IMAGE_DOES_NOT_FIT), torch.inference_mode():
            return np.ascontiguousarray(self._joining(planes).cpu().numpy(), np.float32)


class NeighbourhoodMeans(View):
    """A backbone whose patch features are averaged over the 3×3 patches around each."""

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images (H and W whole patches) to B×N×D float32, row-major. GpuOutOfMemory."""
        grid = Grid(inputs.shape[2] // self.spec.patch_size, inputs.shape[3] // self.spec.patch_size)
        return np.stack([neighbourhood_means(each, grid) for each in self._viewed.extract(inputs)])


def neighbourhood_means(values: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
    """Patch features (N×D) averaged over the 3×3 patches around each, as far as there are any: N×D."""
    planes = torch.from_numpy(np.ascontiguousarray(values.T, np.float32)).reshape(1, -1, grid.rows, grid.columns)
    means = torch.nn.functional.avg_pool2d(
        planes, NEIGHBOURHOOD, stride=1, padding=NEIGHBOURHOOD // 2, count_include_pad=False
    )
    return np.ascontiguousarray(means.flatten(2)[0].T.numpy(), np.float32)


def plain_features(backbone: Backbone) -> Backbone:
    """The backbone as SPADE and PaDiM see it: a ResNet's layers one after the other as they come, neither averaged nor
    made unit length; of others their own features."""
    if isinstance(backbone, ResNetBackbone):
        return ResNetLayers(backbone, laid_over, backbone.spec.width)
    return backbone


def laid_over(planes: list[torch.Tensor]) -> torch.Tensor:
    """The further layers laid over the first bilinearly (pixel centres), one after the other: B×N×ΣC."""
    size = planes[0].shape[2:]
    parts = [
        each
        if each.shape[2:] == size
        else torch.nn.functional.interpolate(each, size, mode="bilinear", align_corners=False)
        for each in planes
    ]
    return torch.cat(parts, dim=1).flatten(2).transpose(1, 2)
