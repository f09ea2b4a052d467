"""What SPADE and PaDiM see of a backbone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT, Backbone
from app.engine.backbone.resnet import STRIDES_PX, ResNetBackbone
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.methods.other_features import OtherFeatures


def plain_features(backbone: Backbone) -> Backbone:
    """A ResNet's layers one after the other as they come, neither averaged nor made unit length; of others their own
    features."""
    return PlainLayers(backbone) if isinstance(backbone, ResNetBackbone) else backbone


class PlainLayers(OtherFeatures):
    """A loaded ResNet whose layers are laid over the first of them, of which a sample is a patch."""

    def __init__(self, backbone: ResNetBackbone) -> None:
        spec = backbone.spec
        width = sum(spec.layer_widths[layer - 1] for layer in spec.own_layers)
        super().__init__(backbone, replace(spec, width=width, patch_size=STRIDES_PX[spec.own_layers[0]]))
        self._resnet = backbone

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images (H and W whole patches) to B×N×D float32, row-major.

        Raises:
            GpuOutOfMemory: no GPU memory is left for an image.
        """
        return np.stack([self._laid_over(image[None]) for image in inputs])

    def _laid_over(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        planes = self._resnet.planes(image)
        with gpu_memory(IMAGE_DOES_NOT_FIT), torch.inference_mode():
            return np.ascontiguousarray(laid_over(planes)[0].cpu().numpy(), np.float32)


def laid_over(planes: Sequence[torch.Tensor]) -> torch.Tensor:
    """Planes of several layers, B×C×h×w each, laid over the first bilinearly (pixel centres), one after the other:
    B×N×ΣC, row-major."""
    size = planes[0].shape[2:]
    parts = [
        each
        if each.shape[2:] == size
        else torch.nn.functional.interpolate(each, size, mode="bilinear", align_corners=False)
        for each in planes
    ]
    return torch.cat(parts, dim=1).flatten(2).transpose(1, 2)
