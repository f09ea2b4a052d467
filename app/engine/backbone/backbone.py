"""What the engine asks of a backbone, whatever executes it."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.spec import BackboneSpec
from app.engine.device.faiss_torch import torch

IMAGE_DOES_NOT_FIT = "The GPU has no memory left for this image. Try again, or lower smaller_edge."


def no_pause() -> None:
    """What a backbone does between its steps, unless it is told otherwise."""


class Backbone(Protocol):
    """A frozen network or fixed descriptor: normalised images in, raw patch features out.

    `engine` names what executes it and `precision` its arithmetic; both are recorded in the bank's manifest. `pause` is
    called between the steps of a forward pass: whoever owns the thread may do something else there, another pass of
    this backbone too. `batches`: whether `extract` runs its images in one pass; else one after the other, and an
    image's features are the same to the bit in whatever batch it comes.
    """

    spec: BackboneSpec
    engine: str
    precision: str
    pause: Callable[[], None]
    batches: bool

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W (H and W whole patches) to raw patch features B×N×D, row-major over the grid, float32.

        Raises:
            GpuOutOfMemory: no GPU memory is left for them.
        """
        ...


@runtime_checkable
class DeviceBackbone(Protocol):
    """A backbone that torch runs on `device`, which its patch features need not leave."""

    spec: BackboneSpec
    device: torch.device

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """B×3×H×W normalised images to raw patch features B×N×D float32, row-major over the grid, all on the device."""
        ...
