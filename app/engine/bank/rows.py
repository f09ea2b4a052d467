"""Patch features as rows that can be compared."""

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import Metric, Rows

TINY_NORM = 1e-12


def unit_length(values: NDArray[np.floating]) -> Rows:
    """Rows of N×D scaled to length 1 (L2); a row of zeros stays zero."""
    rows = np.asarray(values, np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.ascontiguousarray(rows / np.maximum(norms, TINY_NORM), np.float32)


def comparable(values: NDArray[np.floating], metric: Metric) -> Rows:
    """Patch features (N×D) as rows of a bank of this metric, or to be searched in one."""
    return unit_length(values) if metric == "cosine" else np.ascontiguousarray(values, np.float32)
