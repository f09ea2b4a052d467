"""One bank of each method behind one call: how far an image's patches lie from it, and its image score."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank, Segment, comparable, segment
from app.engine.bank.index import Metric
from app.engine.device.faiss_torch import torch
from app.engine.methods.coreset import coreset_size, greedy_coreset
from app.engine.methods.features import plain_features
from app.engine.methods.known import METHODS
from app.engine.methods.padim import Gaussians, chosen_channels, fit, mahalanobis
from app.engine.methods.patchcore import patchcore_features, score_weights
from app.engine.methods.spade import gallery, gallery_distances
from app.engine.options import Fit, MethodName, Statistic
from app.engine.types import Distances, Mask, PatchFeatures
from app.engine.verdict.scoring import image_score
from app.evaluate.planned.variant import Method

Rows = NDArray[np.float32]
SEED = 0
"""Of the coreset's projection and of PaDiM's channels."""


def method_features(method: Method, backbone: Backbone) -> Backbone:
    """The backbone as a method sees it."""
    match method:
        case "anomalydino":
            return backbone
        case "patchcore":
            return patchcore_features(backbone)
        case "spade" | "padim":
            return plain_features(backbone)


class ImagesNotAligned(Exception):
    """Positions can be compared in images of one size only."""


@dataclass(frozen=True, slots=True)
class Look:
    """Distance of every patch (N), and the image score; None where it is a statistic of the distances."""

    distances: Distances
    score: float | None = None


class Bank(Protocol):
    """What an image is compared with, by which distance; `size_bytes` of it are searched."""

    size_bytes: int

    @property
    def metric(self) -> Metric:
        """Of its distances."""
        ...

    def look(self, features: PatchFeatures, scored: Mask) -> Look:
        """At the patches of an image, of which the image score looks at those `scored` (N).

        Raises:
            ImagesNotAligned: the method compares positions, and the image has others.
        """
        ...

    def without(self, position: int) -> "Bank | None":
        """The bank without what comes from the reference at this position; None where nothing is left, or where the
        method sets no threshold."""
        ...


@dataclass(frozen=True, slots=True)
class RowsWay:
    """AnomalyDINO or PatchCore, as the profile that fits images in this way does it."""

    method: MethodName
    fit: Fit

    @property
    def metric(self) -> Metric:
        return METHODS[self.method].metric(self.fit)

    @property
    def weighs(self) -> bool:
        return METHODS[self.method].weighs(self.fit)


@dataclass(slots=True)
class RowsBank:
    """AnomalyDINO's and PatchCore's: rows, of which a coreset may be kept."""

    way: RowsWay
    parts: Sequence[Segment]
    device: str
    size_bytes: int = field(init=False)
    _bank: MemoryBank = field(init=False)

    def __post_init__(self) -> None:
        self._bank = MemoryBank(self.parts, self.device)
        self.size_bytes = self._bank.size_bytes

    @property
    def metric(self) -> Metric:
        return self.way.metric

    def look(self, features: PatchFeatures, scored: Mask) -> Look:
        rows = comparable(features.values, self._bank.metric)
        distances, _ = self._bank.nearest(rows)
        if self.way.method == "anomalydino":
            return Look(distances)
        weights = score_weights(rows, distances, self._bank, [scored]) if self.way.weighs else None
        return Look(distances, image_score(distances * scored, scored, Statistic("max"), weights))

    def without(self, position: int) -> "RowsBank | None":
        others = [part for place, part in enumerate(self.parts) if place != position]
        return RowsBank(self.way, others, self.device) if any(len(part.rows) for part in others) else None


def rows_bank(
    way: RowsWay,
    references: Sequence[Sequence[PatchFeatures]],
    angles_deg: tuple[float, ...],
    coreset: float | int | None,
    device: str,
) -> RowsBank:
    """Of the references, each at every angle; `coreset` is a share of all rows, their number, or None for all."""
    parts = [segment(turned, angles_deg, metric=way.metric) for turned in references]
    return RowsBank(way, parts if coreset is None else _kept(parts, coreset, device), device)


def _kept(parts: Sequence[Segment], coreset: float | int, device: str) -> list[Segment]:
    rows = torch.from_numpy(np.concatenate([part.rows for part in parts])).to(device)
    count = min(coreset, len(rows)) if isinstance(coreset, int) else coreset_size(len(rows), coreset)
    numbers = np.sort(greedy_coreset(rows, count, seed=SEED))
    kept, start = [], 0
    for part in parts:
        own = numbers[(numbers >= start) & (numbers < start + len(part.rows))] - start
        kept.append(part.reduced(own))
        start += len(part.rows)
    return kept


class GalleryBank:
    """SPADE's: the references whole. Its image score is the distance of whole images."""

    metric: Metric = "squared_euclidean"

    def __init__(self, references: Sequence[PatchFeatures], device: str) -> None:
        self._references = [each.values for each in references]
        self._pooled = np.stack([each.mean(axis=0) for each in self._references])
        self._device = device
        self.size_bytes = sum(each.nbytes for each in self._references) + self._pooled.nbytes

    def look(self, features: PatchFeatures, scored: Mask) -> Look:
        found = gallery(features.values.mean(axis=0), self._pooled)
        distances = gallery_distances(features.values, self._references, found, self._device)
        return Look(distances, found.score if scored.any() else 0.0)

    def without(self, position: int) -> None:
        """Not offered for products, so no threshold is set by references."""


class GaussianBank:
    """PaDiM's: a Gaussian at each position. Its image score is the largest distance."""

    metric: Metric = "euclidean"

    def __init__(self, references: Sequence[PatchFeatures], device: str) -> None:
        """ImagesNotAligned."""
        self._grid = references[0].geometry.grid
        if any(each.geometry.grid != self._grid for each in references):
            raise ImagesNotAligned
        width = references[0].values.shape[1]
        stacked = np.stack([each.values for each in references])
        self._gaussians: Gaussians = fit(stacked, chosen_channels(width, SEED), device)
        self.size_bytes = self._gaussians.size_bytes

    def look(self, features: PatchFeatures, scored: Mask) -> Look:
        if features.geometry.grid != self._grid:
            raise ImagesNotAligned
        distances = mahalanobis(features.values, self._gaussians)
        return Look(distances, float(distances[scored].max(initial=0)))

    def without(self, position: int) -> None:
        """Not offered for products, so no threshold is set by references."""
