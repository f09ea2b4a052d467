"""Several layers of a network as one: brought to the patches, each part of unit length, joined."""

from collections.abc import Sequence
from copy import copy

from app.engine.backbone.backbone import Backbone
from app.engine.device.faiss_torch import torch
from app.engine.options import LayersJoin
from app.engine.types import Grid

NEIGHBOURHOOD = 3
"""Side, in samples, of the square that a convolutional layer is averaged over."""


def of_layers(backbone: Backbone, layers: tuple[int, ...], join: LayersJoin) -> Backbone:
    """The same loaded network, giving these layers instead of its own. InvalidSettings: it has no such layers."""
    spec = backbone.spec.with_layers(layers, join)
    if spec is backbone.spec:
        return backbone
    view = copy(backbone)
    view.spec = spec
    return view


def joined(parts: Sequence[torch.Tensor], join: LayersJoin) -> torch.Tensor:
    """Layers of the same patches, …×N×C each, each made unit length first: one after the other, …×N×ΣC, or their mean,
    …×N×C."""
    unit_parts = [torch.nn.functional.normalize(part, dim=-1) for part in parts]
    return torch.cat(unit_parts, dim=-1) if join == "concat" else torch.stack(unit_parts).mean(dim=0)


def at_patches(planes: torch.Tensor, stride_px: int, first_px: float, grid: Grid, patch_size: int) -> torch.Tensor:
    """A convolutional layer, B×C×h×w, at the patch centres: B×N×C, row-major over `grid`.

    Each sample is averaged over its 3×3 neighbourhood, of the samples that there are (as PatchCore's neighbourhood of
    p = 3), then they are interpolated linearly. Sample j lies over the pixel `first_px` + j·stride, counted from the
    centre of the first.
    """
    reach = NEIGHBOURHOOD // 2
    around = torch.nn.functional.avg_pool2d(planes, NEIGHBOURHOOD, stride=1, padding=reach, count_include_pad=False)
    rows, columns = (
        _interpolation(patches, samples, stride_px, first_px, patch_size).to(planes.device)
        for patches, samples in zip((grid.rows, grid.columns), planes.shape[2:], strict=True)
    )
    return (rows @ around @ columns.T).flatten(2).transpose(1, 2)


def _interpolation(patches: int, samples: int, stride_px: int, first_px: float, patch_size: int) -> torch.Tensor:
    """patches×samples: the weights of the samples at each patch centre; beyond the last sample, the last one."""
    centres_px = (torch.arange(patches) + 0.5) * patch_size - 0.5
    at = ((centres_px - first_px) / stride_px).clamp(0, samples - 1)
    return (1 - (at[:, None] - torch.arange(samples)).abs()).clamp_min(0)
