"""A batch, image by image: a CPU gains nothing by running several at once."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory


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
