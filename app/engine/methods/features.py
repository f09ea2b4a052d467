"""What each method sees of a backbone, where it is not the backbone's own patch features."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.resnet import STRIDES_PX, ResNetBackbone
from app.engine.backbone.spec import BackboneSpec
from app.engine.device.faiss_torch import torch
from app.engine.methods.patchcore import WIDTH, joined_layers, neighbourhood_means
from app.engine.types import Grid

Joining = Callable[[list[torch.Tensor]], torch.Tensor]
"""Planes of several layers (B×C×h×w each, the finest first) to B×N×D over the positions of the first."""


def patchcore_features(backbone: Backbone) -> Backbone:
    """The backbone as PatchCore sees it: a ResNet's layers joined to 1,024 numbers, of others the means of 3×3
    patches."""
    if isinstance(backbone, ResNetBackbone):
        return ResNetLayers(backbone, lambda planes: joined_layers(planes, backbone.pause), WIDTH)
    return NeighbourhoodMeans(backbone)


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


class ResNetLayers:
    """A ResNet whose layers are joined in another way; a patch is a sample of the first of them."""

    def __init__(self, backbone: ResNetBackbone, joining: Joining, width: int) -> None:
        """`joining` gives `width` numbers for each position."""
        self._backbone = backbone
        self._joining = joining
        first = min(backbone.spec.own_layers)
        self.spec: BackboneSpec = replace(backbone.spec, width=width, patch_size=STRIDES_PX[first])
        self.engine, self.precision, self.pause = backbone.engine, backbone.precision, backbone.pause

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images (H and W whole patches) to B×N×D float32, row-major. GpuOutOfMemory."""
        return np.concatenate([self._features(image[None]) for image in inputs])

    def _features(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.ascontiguousarray(self._joining(self._backbone.planes(image)).cpu().numpy(), np.float32)


class NeighbourhoodMeans:
    """A backbone whose patch features are averaged over the 3×3 patches around each."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self.spec: BackboneSpec = backbone.spec
        self.engine, self.precision, self.pause = backbone.engine, backbone.precision, backbone.pause

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images (H and W whole patches) to B×N×D float32, row-major. GpuOutOfMemory."""
        grid = Grid(inputs.shape[2] // self.spec.patch_size, inputs.shape[3] // self.spec.patch_size)
        return np.stack([neighbourhood_means(each, grid) for each in self._backbone.extract(inputs)])
