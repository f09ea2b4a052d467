"""PaDiM: a Gaussian of the features at each position, and how far an image's features lie from it.

Source: Defard et al., PaDiM: a Patch Distribution Modeling Framework for Anomaly Detection and Localization, ICPR 2021,
equations 1 and 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.types import Distances

CHANNELS = 100
"""Channels that are kept, drawn once: as many as the authors keep of a ResNet-18's."""

REGULARISATION = 0.01
"""Added to the diagonal of each covariance."""

CHUNK_POSITIONS = 256
GAUSSIANS_DO_NOT_FIT = "The GPU has no memory left for these Gaussians. Use fewer channels."


def chosen_channels(width: int, seed: int, count: int = CHANNELS) -> NDArray[np.int64]:
    """Which of `width` channels are kept, drawn without repetition, in ascending order; all where there are fewer."""
    drawn = np.random.default_rng(seed).choice(width, min(count, width), replace=False)
    return np.sort(drawn).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Gaussians:
    """One Gaussian for each position: `mean` N×d, and `whitening` N×d×d, the inverse of the covariance's lower
    Cholesky factor, of the `channels` (d) that are kept."""

    channels: NDArray[np.int64]
    mean: torch.Tensor
    whitening: torch.Tensor

    @property
    def size_bytes(self) -> int:
        return self.mean.nbytes + self.whitening.nbytes


def fit(references: NDArray[np.float32], channels: NDArray[np.int64], device: str) -> Gaussians:
    """From the features of M aligned references (M×N×D, M at least 1): sample covariance plus 0.01·I; of a single
    reference, 0.01·I alone.

    Raises:
        GpuOutOfMemory: no GPU memory is left.
    """
    images = len(references)
    with gpu_memory(GAUSSIANS_DO_NOT_FIT), torch.inference_mode():
        means, factors = [], []
        for part in _positions(references.shape[1]):
            values = torch.from_numpy(references[:, part][..., channels]).to(device, torch.float64)
            centred = values - values.mean(dim=0)
            covariance = torch.einsum("mni,mnj->nij", centred, centred) / max(images - 1, 1)
            eye = torch.eye(len(channels), dtype=torch.float64, device=device)
            lower = torch.linalg.cholesky(covariance + REGULARISATION * eye)
            factors.append(torch.linalg.solve_triangular(lower, eye.expand_as(lower), upper=False).float())
            means.append(values.mean(dim=0).float())
        return Gaussians(channels, torch.cat(means), torch.cat(factors))


def mahalanobis(features: NDArray[np.float32], gaussians: Gaussians) -> Distances:
    """Mahalanobis distance of an image's features (N×D) to the Gaussian at their position (N); the image score is the
    largest.

    Raises:
        ValueError: the image has another number of positions: positions can be compared of one size only.
    """
    if len(features) != len(gaussians.mean):
        raise ValueError(f"{len(features)} positions cannot be compared with {len(gaussians.mean)}")
    with gpu_memory(GAUSSIANS_DO_NOT_FIT), torch.inference_mode():
        away = torch.from_numpy(features[:, gaussians.channels]).to(gaussians.mean) - gaussians.mean
        return np.asarray(torch.linalg.vector_norm(torch.einsum("nij,nj->ni", gaussians.whitening, away), dim=1).cpu())


def _positions(count: int) -> Iterator[slice]:
    for start in range(0, count, CHUNK_POSITIONS):
        yield slice(start, start + CHUNK_POSITIONS)
