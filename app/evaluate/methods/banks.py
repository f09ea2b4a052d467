"""One bank of each method behind one call: how far an image's patches lie from it, and its image score."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank, Segment, segment
from app.engine.bank.index import Metric
from app.engine.bank.left_out import NOBODY, LeftOut
from app.engine.detector import patch_distances
from app.engine.device.faiss_torch import torch
from app.engine.methods import padim
from app.engine.methods.coreset import greedy_coreset, wanted_rows
from app.engine.methods.features import plain_features
from app.engine.methods.known import METHODS
from app.engine.methods.padim import Gaussians, chosen_channels, mahalanobis
from app.engine.methods.spade import gallery, gallery_distances
from app.engine.options import Coreset, Fit, MethodName, Statistic
from app.engine.types import Distances, Mask, PatchDistances, PatchFeatures
from app.engine.verdict.scoring import image_score
from app.evaluate.planned.variant import Method

SEED = 0
"""Of the coreset's projection and of PaDiM's channels."""


def method_features(method: Method, fit: Fit, backbone: Backbone) -> Backbone:
    """The backbone as a method sees it."""
    match method:
        case "anomalydino":
            return backbone
        case "patchcore":
            return METHODS[method].features_of(backbone, fit)
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
    """What an image is compared with; `size_bytes` of it are searched, by `metric`."""

    size_bytes: int
    metric: Metric

    def look(self, features: PatchFeatures, scored: Mask) -> Look:
        """At the patches of an image, of which the image score looks at those `scored` (N).

        Raises:
            ImagesNotAligned: the method compares positions, and the image has others.
        """
        ...

    def left_out(self, position: int, features: PatchFeatures, foreground: Mask) -> LeftOut | None:
        """The reference at this position in the bank of the others; None where nothing of them is left, or where the
        method sets no threshold."""
        ...


class RowsBank:
    """AnomalyDINO's and PatchCore's: rows, of which a coreset may be kept."""

    def __init__(self, method: MethodName, fit: Fit, parts: Sequence[Segment], device: str) -> None:
        self._weighs = METHODS[method].weighs(fit)
        self._is_own = method != "anomalydino"
        self._parts, self._device = parts, device
        self._bank = self._of(range(len(parts)))
        self.size_bytes, self.metric = self._bank.size_bytes, self._bank.metric

    def look(self, features: PatchFeatures, scored: Mask) -> Look:
        found = self._distances(self._bank, features, [scored])
        if not self._is_own:
            return Look(found.values)
        return Look(found.values, image_score(found.values * scored, scored, Statistic("max"), found.weights))

    def left_out(self, position: int, features: PatchFeatures, foreground: Mask) -> LeftOut | None:
        others = [place for place, part in enumerate(self._parts) if place != position and len(part.rows)]
        if not others:
            return None
        found = self._distances(self._of(others), features, [np.ones_like(foreground), foreground])
        return LeftOut(found.values, np.full(len(foreground), NOBODY, np.int32), foreground, found.weights)

    def _of(self, places: Iterable[int]) -> MemoryBank:
        return MemoryBank([self._parts[place] for place in places if len(self._parts[place].rows)], self._device)

    def _distances(self, bank: MemoryBank, features: PatchFeatures, masks: Sequence[Mask]) -> PatchDistances:
        everything = np.ones(features.geometry.grid.patches, bool)
        return patch_distances(features, bank, everything, weighed=masks if self._weighs else ())


def rows_bank(
    method: MethodName,
    fit: Fit,
    references: Sequence[Sequence[PatchFeatures]],
    angles_deg: tuple[float, ...],
    coreset: Coreset | None,
    device: str,
) -> RowsBank:
    """Of the references, each at every angle; without a `coreset` of all their rows."""
    metric = METHODS[method].metric(fit)
    parts = [segment(turned, angles_deg, metric=metric) for turned in references]
    return RowsBank(method, fit, parts if coreset is None else _kept(parts, coreset, device), device)


def _kept(parts: Sequence[Segment], coreset: Coreset, device: str) -> list[Segment]:
    rows = torch.from_numpy(np.concatenate([part.rows for part in parts])).to(device)
    numbers = greedy_coreset(rows, wanted_rows(coreset, len(rows)), seed=SEED)
    starts = np.cumsum([0, *(len(part.rows) for part in parts)])
    return [
        part.reduced(numbers[(start <= numbers) & (numbers < end)] - start)
        for part, start, end in zip(parts, starts[:-1], starts[1:], strict=True)
    ]


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

    def left_out(self, position: int, features: PatchFeatures, foreground: Mask) -> None:
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
        self._gaussians: Gaussians = padim.fit(stacked, chosen_channels(width, SEED), device)
        self.size_bytes = self._gaussians.size_bytes

    def look(self, features: PatchFeatures, scored: Mask) -> Look:
        if features.geometry.grid != self._grid:
            raise ImagesNotAligned
        distances = mahalanobis(features.values, self._gaussians)
        return Look(distances, float(distances[scored].max(initial=0)))

    def left_out(self, position: int, features: PatchFeatures, foreground: Mask) -> None:
        """Not offered for products, so no threshold is set by references."""
