"""PatchCore, as far as it does otherwise than AnomalyDINO: neighbourhoods, joined layers, and the re-weighted maximum.

Source: Roth et al., Towards Total Recall in Industrial Anomaly Detection, CVPR 2022, and the authors' code (features
and their order of channels, maximum). The re-weighting is the paper's (equation 7); the authors' code has none.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import Backbone, no_pause
from app.engine.backbone.resnet import ResNetBackbone
from app.engine.bank.bank import MemoryBank
from app.engine.bank.index import Metric
from app.engine.bank.near import Places
from app.engine.device.faiss_torch import torch
from app.engine.methods.features import NEIGHBOURHOOD, NeighbourhoodMeans, ResNetLayers
from app.engine.methods.method import Method
from app.engine.options import Fit
from app.engine.types import Distances, Grid, Mask, Weights
from app.errors import InvalidSettings

WIDTH = 1024
"""Feature dimension that each layer is brought to, and all of them joined."""

SUPPORT = 9
"""Rows near the nearest one that the largest distance is weighed by."""


def patchcore_features(backbone: Backbone) -> Backbone:
    """The backbone as PatchCore sees it: a ResNet's layers joined to 1,024 numbers, of others, which show one layer
    only, the means of 3×3 patches."""
    if isinstance(backbone, ResNetBackbone):
        return ResNetLayers(backbone, lambda planes: joined_layers(planes, backbone.pause), WIDTH)
    return NeighbourhoodMeans(backbone)


def _features_of(backbone: Backbone) -> Backbone:
    """As above, for products: with the patches that the registry tells of the backbone."""
    spec, seen = backbone.spec, patchcore_features(backbone)
    if seen.spec.patch_size != spec.patch_size or (isinstance(backbone, ResNetBackbone) and spec.layers_join == "mean"):
        raise InvalidSettings(
            f"layers: PatchCore lays the layers of {spec.name} over the first of them, which has to be that of "
            f"{spec.patch_size} px, and joins them in its own way. Choose 2 or 2, 3 and concat, or leave them out."
        )
    return seen


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


def farthest_patch(distances: Distances, scored: NDArray[np.bool_]) -> int | None:
    """Of the patches that are scored (both N), the one farthest from the bank; None where none is."""
    return int(np.where(scored, distances, -1).argmax()) if scored.any() else None


class PatchWeights:
    """By how much some patches' distances count, 0..1: little where the nearest row has neighbours as near to the patch
    as itself, for then it is a rare row, and not the patch is odd.

    1 − exp(d*) / Σ exp(d) over the distances of the patch to its nearest row and that row's neighbours, nine with
    itself; in a bank that is searched near the patch's place, among the rows near it. Where there is one row only, a
    distance counts in full. A bank may come in parts: look in every part for the nearest rows first, then in every part
    around them.
    """

    def __init__(self, patches: NDArray[np.float32], places: Places | None = None) -> None:
        """`patches`: K×D, as the bank's rows are; `places`: where they lie (K)."""
        self._patches, self._places = patches, places
        self._nearest = np.zeros_like(patches)
        self._distances = np.full(len(patches), np.inf, np.float32)
        self._around: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def look_in(self, bank: MemoryBank) -> None:
        """For the nearest rows."""
        distances, numbers = bank.nearest(self._patches, self._places)
        for place in np.flatnonzero(distances < self._distances):
            self._nearest[place], self._distances[place] = bank.row(int(numbers[place])), distances[place]

    def look_around(self, bank: MemoryBank) -> None:
        """For the neighbours of the nearest rows."""
        distances, numbers = bank.neighbours(self._nearest, min(SUPPORT, bank.rows), self._places)
        rows = np.stack([[bank.row(max(int(number), 0)) for number in each] for each in numbers])
        apart = np.linalg.norm(self._patches[:, None] - rows, axis=2)
        self._around.append((distances, np.where(np.isfinite(distances), apart, np.float32(np.inf))))

    def weights(self) -> Weights:
        """Of each patch (K)."""
        from_nearest, from_patch = (np.concatenate(each, axis=1) for each in zip(*self._around, strict=True))
        support = np.argsort(from_nearest, axis=1, kind="stable")[:, :SUPPORT]
        own = np.linalg.norm(self._patches - self._nearest, axis=1)
        found = [
            support_weight(float(distance), each[chosen])
            for distance, each, chosen in zip(own, from_patch, support, strict=True)
        ]
        return np.array(found, np.float32)


def support_weight(distance: float, support: NDArray[np.float32]) -> float:
    """The weight above, from the distance to the nearest row and those to the rows of its neighbourhood (b, itself
    among them; infinite for rows that there are not)."""
    support = support[np.isfinite(support)]
    if len(support) < 2:
        return 1.0
    largest = max(distance, float(support.max()))
    return float(1 - np.exp(distance - largest) / np.exp(support.astype(np.float64) - largest).sum())


def farthest_patches(distances: Distances, masks: Sequence[Mask]) -> NDArray[np.int64]:
    """The farthest patch under each of the masks (N each), each patch once."""
    found = {farthest_patch(distances, mask) for mask in masks}
    return np.array(sorted(patch for patch in found if patch is not None), np.int64)


def score_weights(
    values: NDArray[np.float32],
    distances: Distances,
    bank: MemoryBank,
    masks: Sequence[Mask],
    grid: Grid | None = None,
) -> Weights:
    """The weight of the largest distance under each of the masks (N each), 1 for the rest: `values` N×D. `grid`: of the
    image, for a bank that is searched near the places of patches."""
    weights, patches = np.ones(len(distances), np.float32), farthest_patches(distances, masks)
    if len(patches):
        weighing = PatchWeights(values[patches], Places(grid, patches) if grid else None)
        weighing.look_in(bank)
        weighing.look_around(bank)
        weights[patches] = weighing.weights()
    return weights


def _metric(fit: Fit) -> Metric:
    return "squared_euclidean" if fit == "crop" else "euclidean"


def _weighs(fit: Fit) -> bool:
    return fit == "whole"


PATCHCORE = Method("patchcore", _features_of, _metric, ("max",), None, _weighs)
"""`paper` as the authors' code, which compares squared distances and weighs none."""
