"""Several images at once: on a GPU in one pass, elsewhere one after another, since a CPU gains nothing by a batch."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT
from app.engine.backbone.spec import BackboneSpec
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.types import ModelInput


def image_by_image(
    features: Callable[[torch.Tensor], torch.Tensor], inputs: NDArray[np.float32], device: torch.device
) -> NDArray[np.float32]:
    """B×3×H×W to B×N×D float32 by `features` (1×3×H×W to N×D): bit-identical in whatever batch an image comes.

    Raises:
        GpuOutOfMemory: no GPU memory is left for an image.
    """
    with gpu_memory(IMAGE_DOES_NOT_FIT), torch.inference_mode():
        rows = [features(torch.tensor(image, device=device)[None]) for image in inputs]
        return np.stack([row.cpu().numpy() for row in rows])


@runtime_checkable
class DeviceBackbone(Protocol):
    """A backbone that torch runs on `device`."""

    spec: BackboneSpec
    device: torch.device

    def batch_features(self, images: torch.Tensor) -> torch.Tensor:
        """B×3×H×W normalised images to raw patch features B×N×D float32, row-major over the grid, all on the device."""
        ...


def features_on_device(backbone: DeviceBackbone, inputs: Sequence[ModelInput]) -> torch.Tensor:
    """Raw patch features of preprocessed images of one size, B×N×D float32 on the backbone's device, in one pass.

    Raises:
        GpuOutOfMemory: no GPU memory is left for them.
    """
    with gpu_memory(IMAGE_DOES_NOT_FIT), torch.inference_mode():
        pixels = torch.stack([torch.from_numpy(each.pixels) for each in inputs])
        return backbone.batch_features(_normalised(pixels.to(backbone.device), backbone.spec)).float()


def _normalised(pixels: torch.Tensor, spec: BackboneSpec) -> torch.Tensor:
    """B×h×w×3 bytes to B×3×h×w float32, as `preprocess` does it."""
    images = pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format).div_(255)
    mean, std = (torch.tensor(each, device=pixels.device)[:, None, None] for each in (spec.mean, spec.std))
    return images.sub_(mean).div_(std)
