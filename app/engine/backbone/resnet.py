"""ResNets that saw ImageNet: their middle layers as patch features (He et al., CVPR 2016), run by torchvision."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT, no_pause
from app.engine.backbone.convolutional import batches, extracted, fused
from app.engine.backbone.layers import at_patches, joined
from app.engine.backbone.spec import Architecture, BackboneSpec
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.types import Grid
from app.errors import WeightsUnavailable

if TYPE_CHECKING:
    from torchvision.models.resnet import ResNet

NETWORKS: dict[Architecture, tuple[Literal["BasicBlock", "Bottleneck"], tuple[int, ...], int]] = {
    "resnet18": ("BasicBlock", (2, 2, 2, 2), 64),
    "resnet50": ("Bottleneck", (3, 4, 6, 3), 64),
    "wide_resnet50_2": ("Bottleneck", (3, 4, 6, 3), 128),
}
"""The kind of block, the blocks of each layer, and the channels inside a block of layer 1."""

STRIDES_PX = {1: 4, 2: 8, 3: 16}
"""The layers that can be used, and the px from one of their samples to the next.

Each sample lies in the middle of its stride. By the paddings it would lie at its beginning, but networks that were
trained on mirrored images too have learned to look further: measured on a ResNet-18, the answers of layers 1 to 3 to a
dot lie 1.2, 3.1 and 6.7 px beyond it.
"""

UNUSED = ("layer4", "fc")


class ResNetBackbone:
    """A frozen ResNet: the layers that its spec names, brought to patches of 8 px and joined."""

    engine = "torch"
    precision = "float32"

    def __init__(self, spec: BackboneSpec, tensors: Mapping[str, torch.Tensor], device: str) -> None:
        """`tensors` is torchvision's state dict, with or without layer 4 and the classifier.

        Raises:
            WeightsUnavailable: the tensors are not those of the network that `spec` describes.
        """
        self.spec = spec
        self.pause = no_pause
        self.device = torch.device(device)
        self.batches = batches(self.device)
        self._model = load_network(spec, tensors).to(self.device)

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images (H and W whole patches) to raw patch features B×N×D float32, row-major.

        Raises:
            GpuOutOfMemory: no GPU memory is left for an image.
        """
        return extracted(self.features, inputs, self.device)

    def planes(self, inputs: NDArray[np.float32]) -> list[torch.Tensor]:
        """B×3×H×W normalised images to the output of each layer that the spec names, in order: B×C×h×w float32 on the
        device, as the network gives it.

        Raises:
            GpuOutOfMemory: no GPU memory is left for the images.
        """
        with gpu_memory(IMAGE_DOES_NOT_FIT), torch.inference_mode():
            return self._planes(torch.tensor(inputs, device=self.device))

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """B×3×H×W to B×N×D, on the device."""
        patch_size, layers = self.spec.patch_size, self._layers
        grid = Grid(images.shape[2] // patch_size, images.shape[3] // patch_size)
        named = zip(layers, self._planes(images), strict=True)
        strides_px = ((planes, STRIDES_PX[layer]) for layer, planes in named)
        parts = [at_patches(planes, stride, (stride - 1) / 2, grid, patch_size) for planes, stride in strides_px]
        return joined(parts, self.spec.layers_join)

    def _planes(self, images: torch.Tensor) -> list[torch.Tensor]:
        """`pause` is called between the blocks."""
        model, found = self._model, []
        planes = model.maxpool(model.relu(model.bn1(model.conv1(images))))
        for layer in range(1, max(self._layers) + 1):
            for block in model.get_submodule(f"layer{layer}").children():
                self.pause()
                planes = block(planes)
            if layer in self._layers:
                found.append(planes)
        return found

    @property
    def _layers(self) -> tuple[int, ...]:
        assert self.spec.layers  # the registry sees to it
        return self.spec.layers


def load_network(spec: BackboneSpec, tensors: Mapping[str, torch.Tensor]) -> "ResNet":
    """torchvision's network up to layer 3, with the tensors of its state dict.

    Raises:
        WeightsUnavailable: tensors other than those of layer 4 and the classifier are missing or unknown, or do not
            fit.
    """
    # It takes longer to load than all else, and is not needed where no ResNet is.
    from torchvision.models import resnet

    block, blocks, inner_width = NETWORKS[spec.architecture]
    with torch.device("meta"):
        model = resnet.ResNet(getattr(resnet, block), list(blocks), width_per_group=inner_width)
    for name in UNUSED:
        setattr(model, name, torch.nn.Identity())
    named = {name: value.float() for name, value in tensors.items() if name.split(".")[0] not in UNUSED}
    try:
        model.load_state_dict(named, strict=True, assign=True)
    except RuntimeError as error:
        raise WeightsUnavailable(
            f"The tensors given are not those of {spec.name}: {error}. "
            f"Fetch the file again: inspector weights fetch {spec.name}"
        ) from error
    return fused(model)
