"""EfficientNet-Lite0, a small network that saw ImageNet: two of its middle layers, whitened by fixed statistics."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from timm.models import create_model
from timm.models.efficientnet import EfficientNet

from app.engine.backbone.backbone import no_pause
from app.engine.backbone.convolutional import batches, extracted, fused
from app.engine.backbone.layers import at_patches, joined
from app.engine.backbone.spec import BackboneSpec
from app.engine.device.faiss_torch import torch
from app.engine.types import Grid
from app.errors import WeightsUnavailable

NETWORK = "tf_efficientnet_lite0"
"""timm's name of the network whose borders are padded as TensorFlow does, as the weights want it."""

LAYERS = {4: 8, 10: 16}
"""The blocks whose output is used, counted through, and the px from one of their samples to the next."""

ANCHOR = 0.4
"""Length of the constant component, in standard deviations per dimension.

Plain cosine forgets how far a patch lies from the average patch, plain Euclidean distance hears the strongest edges
only. A constant appended to every row puts the cosine distance between the two.
"""


class EfficientNetLite:
    """Raw patch features of a convolutional network: middle layers, brought to the grid of patches and whitened."""

    engine = "torch"
    precision = "float32"

    def __init__(
        self,
        spec: BackboneSpec,
        network: Mapping[str, torch.Tensor],
        statistics: Mapping[str, torch.Tensor],
        device: str,
    ) -> None:
        """`network` is the state dict of the weights' own package; `statistics`: `centre` (D−1) of `layer_rows`, then
        `mean` (D−1) and `whitening` ((D−1)×(D−1)) of `centred`.

        Raises:
            WeightsUnavailable: the tensors are not those of this network, or the statistics not of these layers.
        """
        self.spec = spec
        self.pause = no_pause
        self.device = torch.device(device)
        self.batches = batches(self.device)
        self._model = load_network(network).to(self.device)
        width = spec.width - 1
        wanted = {"centre": (width,), "mean": (width,), "whitening": (width, width)}
        found = {name: tuple(value.shape) for name, value in statistics.items()}
        if found != wanted:
            raise WeightsUnavailable(
                f"{spec.file} is not the file of this version's {spec.name} (tensors {wanted}, found {found}). "
                "Install the package again, or run models/make_embedded.py."
            )
        self._centre, self._mean, self._whitening = (statistics[name].float().to(self.device) for name in wanted)

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images (H and W whole patches) to raw patch features B×N×D float32, row-major.

        Raises:
            GpuOutOfMemory: no GPU memory is left for an image.
        """
        return extracted(self.features, inputs, self.device)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """B×3×H×W to B×N×D, on the device."""
        rows = layer_rows(self._model, images, self.spec.patch_size, self.pause)
        return whitened(centred(rows, self._centre), self._mean, self._whitening)


def load_network(tensors: Mapping[str, torch.Tensor]) -> EfficientNet:
    """The network with the weights of their own package, whose names are others, but in the same order.

    Raises:
        WeightsUnavailable: the tensors are not those of EfficientNet-Lite0.
    """
    with torch.device("meta"):
        model = create_model(NETWORK, pretrained=False)
    assert isinstance(model, EfficientNet)
    try:
        named = dict(zip(model.state_dict(), tensors.values(), strict=True))
        model.load_state_dict(named, strict=True, assign=True)
    except (RuntimeError, ValueError) as error:
        raise WeightsUnavailable(f"The tensors given are not those of EfficientNet-Lite0: {error}.") from error
    return fused(model)


def blocks(model: EfficientNet) -> list[torch.nn.Module]:
    """The blocks of all stages, in order."""
    return [block for stage in model.blocks.children() for block in stage.children()]


def layer_rows(
    model: EfficientNet, images: torch.Tensor, patch_size: int, pause: Callable[[], None] = no_pause
) -> list[torch.Tensor]:
    """What each of `LAYERS` says of every patch of B×3×H×W images, B×N×C each. `pause` is called between the blocks."""
    grid = Grid(images.shape[2] // patch_size, images.shape[3] // patch_size)
    planes, rows_of_layers = model.bn1(model.conv_stem(images)), []
    for number, block in enumerate(blocks(model)):
        pause()
        planes = block(planes)
        if stride_px := LAYERS.get(number):
            # A border that is padded as TensorFlow does begins without padding wherever the length is even.
            rows_of_layers.append(at_patches(planes, stride_px, stride_px - 1, grid, patch_size))
        if number == max(LAYERS):
            break
    return rows_of_layers


def centred(rows_of_layers: Sequence[torch.Tensor], centre: torch.Tensor) -> torch.Tensor:
    """The rows of all layers (…×C each), each minus its share of `centre` (ΣC) and of unit length, joined: …×ΣC."""
    shares = torch.split_with_sizes(centre, [rows.shape[-1] for rows in rows_of_layers])
    return joined([rows - share for rows, share in zip(rows_of_layers, shares, strict=True)], "concat")


def whitened(described: torch.Tensor, mean: torch.Tensor, whitening: torch.Tensor) -> torch.Tensor:
    """…×(D−1) descriptions minus their mean, times the whitening, with the constant appended: …×D."""
    rows = (described - mean) @ whitening
    return torch.cat([rows, torch.full_like(rows[..., :1], ANCHOR * rows.shape[-1] ** 0.5)], dim=-1)
