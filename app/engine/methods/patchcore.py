"""PatchCore, as far as it does otherwise than AnomalyDINO: neighbourhoods, joined layers, and the re-weighted maximum.

Source: Roth et al., Towards Total Recall in Industrial Anomaly Detection, CVPR 2022, and the authors' code (features
and their order of channels, maximum). The re-weighting is the paper's (equation 7); the authors' code has none.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import no_pause
from app.engine.bank.bank import MemoryBank
from app.engine.device.faiss_torch import torch
from app.engine.types import Distances, Grid

NEIGHBOURHOOD = 3
"""Side, in samples, of the square around each position that its features are taken from."""

WIDTH = 1024
"""Feature dimension that each layer is brought to, and all of them joined."""

SUPPORT = 9
"""Rows near the nearest one that the largest distance is weighed by."""


def joined_layers(planes: Sequence[torch.Tensor], pause: Callable[[], None] = no_pause) -> torch.Tensor:
    """Several layers of a network as one feature for each position of the first: B×N×1024, row-major.

    `planes`: B×C×h×w each, the first one the finest. Each layer's 3×3 neighbourhoods (zeros beyond the border), all
    their values in the order channel, row, column, are averaged to 1,024 numbers; the further layers are laid over
    the first bilinearly (pixel centres); then the layers together, one after the other, are averaged to 1,024.
    Averaging and interpolation are linear in different axes, so here the layers become narrow before they become large.
    """
    first = planes[0].shape[2:]
    parts = []
    for layer in planes:
        pause()
        narrow = _narrow(_neighbourhoods(layer))
        if layer.shape[2:] != first:
            maps = narrow.transpose(1, 2).reshape(len(layer), WIDTH, *layer.shape[2:])
            narrow = torch.nn.functional.interpolate(maps, first, mode="bilinear", align_corners=False)
            narrow = narrow.flatten(2).transpose(1, 2)
        parts.append(narrow)
    pause()
    return _narrow(torch.cat(parts, dim=2))


def _neighbourhoods(layer: torch.Tensor) -> torch.Tensor:
    """B×C×h×w to B×(h·w)×(C·9)."""
    around = torch.nn.functional.unfold(layer, NEIGHBOURHOOD, padding=NEIGHBOURHOOD // 2)
    return around.transpose(1, 2)


def _narrow(values: torch.Tensor) -> torch.Tensor:
    """B×N×L to B×N×1024, each number the mean of its share of the L in their order; of fewer, numbers repeat."""
    return torch.nn.functional.adaptive_avg_pool1d(values, WIDTH)


def neighbourhood_means(values: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
    """Patch features (N×D) averaged over the 3×3 patches around each, as far as there are any: N×D.

    For a backbone that shows one layer only.
    """
    planes = torch.from_numpy(np.ascontiguousarray(values.T, np.float32)).reshape(1, -1, grid.rows, grid.columns)
    means = torch.nn.functional.avg_pool2d(
        planes, NEIGHBOURHOOD, stride=1, padding=NEIGHBOURHOOD // 2, count_include_pad=False
    )
    return np.ascontiguousarray(means.flatten(2)[0].T.numpy(), np.float32)


def farthest_patch(distances: Distances, scored: NDArray[np.bool_]) -> int | None:
    """Of the patches that are scored (both N), the one farthest from the bank; None where none is."""
    return int(np.where(scored, distances, -1).argmax()) if scored.any() else None


def patch_weight(patch: NDArray[np.float32], nearest: int, bank: MemoryBank) -> float:
    """By how much a patch's (D) distance to its `nearest` row counts, 0..1: little where that row has neighbours as
    near to the patch as itself, for then it is a rare row, and not the patch is odd.

    1 − exp(d*) / Σ exp(d) over the distances of the patch to the nearest row and its neighbours, nine with itself.
    A bank of one row has none, and the distance counts in full.
    """
    if bank.rows < 2:
        return 1.0
    _, support = bank.neighbours(bank.row(nearest)[None], min(SUPPORT, bank.rows))
    rows = np.stack([bank.row(int(number)) for number in support[0]])
    return support_weight(
        float(np.linalg.norm(patch - bank.row(nearest))), np.linalg.norm(patch - rows, axis=1).astype(np.float32)
    )


def support_weight(distance: float, support: NDArray[np.float32]) -> float:
    """The weight above, from the distance to the nearest row and those to the rows of its neighbourhood (b, itself
    among them)."""
    largest = max(distance, float(support.max()))
    return float(1 - np.exp(distance - largest) / np.exp(support.astype(np.float64) - largest).sum())
