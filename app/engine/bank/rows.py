"""Patch features as rows that can be compared."""

from typing import overload

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import Metric, Queries, Rows
from app.engine.device.faiss_torch import torch
from app.engine.types import Mask

TINY_NORM = 1e-12


def unit_length(values: NDArray[np.floating]) -> Rows:
    """Rows of N×D scaled to length 1 (L2); a row of zeros stays zero."""
    rows = np.asarray(values, np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.maximum(norms, TINY_NORM), np.float32)


@overload
def comparable(values: NDArray[np.floating], metric: Metric) -> Rows: ...
@overload
def comparable(values: torch.Tensor, metric: Metric) -> torch.Tensor: ...
def comparable(values: NDArray[np.floating] | torch.Tensor, metric: Metric) -> Queries:
    """Patch features (N×D) as rows of a bank of this metric, or to be searched in one, where they lie."""
    if isinstance(values, torch.Tensor):
        return torch.nn.functional.normalize(values, dim=1, eps=TINY_NORM) if metric == "cosine" else values
    return unit_length(values) if metric == "cosine" else np.ascontiguousarray(values, np.float32)


def under(mask: Mask, rows: Queries) -> Queries:
    """The rows (N×D) of the patches that the mask (N) holds, where they lie."""
    return rows[mask] if isinstance(rows, np.ndarray) else rows[torch.from_numpy(mask).to(rows.device)]
