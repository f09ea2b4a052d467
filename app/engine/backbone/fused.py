"""A convolutional network with its normalisations multiplied into the convolutions before them."""

from itertools import pairwise
from typing import TypeVar

from app.engine.device.faiss_torch import torch

Network = TypeVar("Network", bound=torch.nn.Module)


def fused(model: Network) -> Network:
    """The same network, frozen and in the order of memory that convolutions like: half to two thirds of the time. What
    a normalisation does besides (timm's have an activation in them) stays."""
    for parent in [*model.requires_grad_(False).eval().modules()]:
        for (name, convolution), (after, normalisation) in pairwise([*parent.named_children()]):
            if isinstance(convolution, torch.nn.Conv2d) and isinstance(normalisation, torch.nn.BatchNorm2d):
                setattr(parent, name, torch.nn.utils.fuse_conv_bn_eval(convolution, normalisation))
                setattr(parent, after, getattr(normalisation, "act", torch.nn.Identity()))
    return model.to(memory_format=torch.channels_last)
