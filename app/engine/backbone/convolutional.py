"""What convolutional networks have in common: how they are made faster, and how several images go through them."""

from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory

Network = TypeVar("Network", bound=torch.nn.Module)


def fused(model: Network) -> Network:
    """The same network with its normalisations multiplied into the convolutions before them, frozen and in the order of
    memory that convolutions like: half to two thirds of the time. What a normalisation does besides (timm's have an
    activation in them) stays."""
    for parent in [*model.requires_grad_(False).eval().modules()]:
        for (name, convolution), (after, normalisation) in pairwise([*parent.named_children()]):
            if isinstance(convolution, torch.nn.Conv2d) and isinstance(normalisation, torch.nn.BatchNorm2d):
                setattr(parent, name, torch.nn.utils.fuse_conv_bn_eval(convolution, normalisation))
                setattr(parent, after, getattr(normalisation, "act", torch.nn.Identity()))
    return model.to(memory_format=torch.channels_last)


def batches(device: torch.device) -> bool:
    """Whether `extracted` runs several images at once there: a CPU gains nothing by it."""
    return device.type != "cpu"


def extracted(
    features: Callable[[torch.Tensor], torch.Tensor], inputs: NDArray[np.float32], device: torch.device
) -> NDArray[np.float32]:
    """B×3×H×W to B×N×D float32 by `features`, which does the same with tensors on the device: in one pass, or image by
    image and then to the bit the same in whatever batch an image comes.

    Raises:
        GpuOutOfMemory: no GPU memory is left for an image.
    """
    step = len(inputs) if batches(device) else 1
    with gpu_memory(IMAGE_DOES_NOT_FIT), torch.inference_mode():
        passes = (inputs[start : start + step] for start in range(0, len(inputs), step))
        return np.concatenate([features(torch.tensor(some, device=device)).cpu().numpy() for some in passes])
