"""Whitened patch features, as the backbones that travel with the package make them: image by image."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory

ANCHOR = 0.4
"""Length of the constant component, in standard deviations per dimension.

Plain cosine forgets how far a patch lies from the average patch, plain Euclidean distance hears the strongest edges
only. A constant appended to every row puts the cosine distance between the two.
"""


def whitened(described: torch.Tensor, mean: torch.Tensor, whitening: torch.Tensor) -> torch.Tensor:
    """N×(D−1) descriptions minus their mean, times the whitening, with the constant appended: N×D."""
    rows = (described - mean) @ whitening
    return torch.cat([rows, torch.full_like(rows[:, :1], ANCHOR * rows.shape[1] ** 0.5)], dim=1)


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
