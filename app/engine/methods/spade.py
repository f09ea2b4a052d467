"""SPADE: the images most like the inspected one, then each position against all positions of these.

Source: Cohen and Hoshen, Sub-Image Anomaly Detection with Deep Pyramid Correspondences, 2020, equations 1 to 3 (κ = 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import exact_index
from app.engine.types import Distances

GALLERY = 50
"""Images that an inspected one is compared with (K); of fewer references, all."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """The references most like an image: their positions, nearest first, and the mean of their squared Euclidean
    distances, which is the image score."""

    references: tuple[int, ...]
    score: float


def gallery(pooled: NDArray[np.float32], references: NDArray[np.float32], size: int = GALLERY) -> Gallery:
    """`pooled`: the image's features averaged over all positions (D); those of the references, M×D, M at least 1."""
    squared = ((references - pooled) ** 2).sum(axis=1, dtype=np.float64)
    nearest = np.argsort(squared, kind="stable")[:size]
    return Gallery(tuple(nearest.tolist()), float(squared[nearest].mean()))


def gallery_distances(
    features: NDArray[np.float32], references: Sequence[NDArray[np.float32]], found: Gallery, device: str
) -> Distances:
    """Squared Euclidean distance of each position (N×D) to the nearest of all positions of the gallery (N).

    `references`: the features of every reference, M_i×D. Raises GpuOutOfMemory.
    """
    rows = np.ascontiguousarray(np.concatenate([references[each] for each in found.references]), np.float32)
    distances, _ = exact_index(rows, device, "squared_euclidean").search(np.ascontiguousarray(features, np.float32))
    return np.asarray(distances[:, 0], np.float32)
