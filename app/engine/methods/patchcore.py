"""PatchCore, as far as it does otherwise than AnomalyDINO: neighbourhoods, joined layers, and the re-weighted maximum.

Source: Roth et al., Towards Total Recall in Industrial Anomaly Detection, CVPR 2022, and the authors' code (features
and their order of channels, maximum). The re-weighting is the paper's (equation 7); the authors' code has none.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT, Backbone, no_pause
from app.engine.backbone.resnet import STRIDES_PX, ResNetBackbone
from app.engine.backbone.spec import BackboneSpec
from app.engine.bank.bank import MemoryBank
from app.engine.bank.index import Metric
from app.engine.bank.near import Places
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.methods.features import laid_over
from app.engine.methods.method import Method
from app.engine.methods.other_features import OtherFeatures
from app.engine.options import Fit
from app.engine.types import Distances, Grid, Mask, Weights
from app.errors import InvalidSettings

NEIGHBOURHOOD = 3
"""Side, in samples, of the square around each position that its features are taken from."""

WIDTH = 1024
"""Feature dimension that the authors' code brings each layer to, and all of them joined."""

SUPPORT = 9
"""Rows near the nearest one that the largest distance is weighed by."""


class PatchCoreFeatures(OtherFeatures):
    """A loaded backbone that gives PatchCore's patch features: of its layers, as the authors' code joins them (`crop`,
    which tells the profile `paper`) or as their paper does (`whole`); where it shows one layer only, the means over the
    neighbourhoods of its patches."""

    def __init__(self, backbone: Backbone, fit: Fit) -> None:
        """Raises:
        InvalidSettings: the first of its layers has no sample for each patch, or they are to be averaged.
        """
        super().__init__(backbone, _spec(backbone, fit))
        self.batches = backbone.batches and not isinstance(backbone, ResNetBackbone)
        self._join = joined_layers if fit == "crop" else mean_layers

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images (H and W whole patches) to patch features B×N×D float32, row-major.

        Raises:
            GpuOutOfMemory: no GPU memory is left for an image.
        """
        if isinstance(self._below, ResNetBackbone):
            return np.stack([self._joined(self._below, image[None]) for image in inputs])
        size = self.spec.patch_size
        grid = Grid(inputs.shape[2] // size, inputs.shape[3] // size)
        return np.stack([neighbourhood_means(each, grid) for each in self._below.extract(inputs)])

    def _joined(self, backbone: ResNetBackbone, image: NDArray[np.float32]) -> NDArray[np.float32]:
        planes = backbone.planes(image)
        with gpu_memory(IMAGE_DOES_NOT_FIT), torch.inference_mode():
            return np.ascontiguousarray(self._join(planes, self.pause)[0].cpu().numpy())


def _spec(backbone: Backbone, fit: Fit) -> BackboneSpec:
    """That of the features. The mask rule `fixed` compares in units of the backbone's own."""
    spec = backbone.spec
    if isinstance(backbone, ResNetBackbone):
        first = STRIDES_PX[spec.own_layers[0]]
        if first != spec.patch_size or spec.layers_join == "mean":
            raise InvalidSettings(
                f"layers: PatchCore lays the layers of {spec.name} over the first of them, which has to be that of "
                f"{spec.patch_size} px, and joins them in its own way. Choose 2 or 2, 3 and concat, or leave them out."
            )
        spec = replace(spec, width=WIDTH) if fit == "crop" else spec
    rule = "otsu" if spec.mask_rule == "fixed" else spec.mask_rule
    return replace(spec, mask_rule=rule, mask_threshold=None)


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


def mean_layers(planes: Sequence[torch.Tensor], pause: Callable[[], None] = no_pause) -> torch.Tensor:
    """Several layers of a network, each averaged over its 3×3 neighbourhoods (zeros beyond the border), laid over the
    first and joined as they are: B×N×ΣC, row-major; `planes` as above."""
    pause()
    return laid_over([torch.nn.functional.avg_pool2d(each, NEIGHBOURHOOD, 1, NEIGHBOURHOOD // 2) for each in planes])


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


PATCHCORE = Method("patchcore", PatchCoreFeatures, _metric, ("max",), None, _weighs)
"""`paper` as the authors' code, which compares squared distances and weighs none."""
