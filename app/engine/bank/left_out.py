"""Each reference among the others: how far its patches lie from theirs (leave-one-reference-out)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import Metric
from app.engine.types import Distances, Mask, Weights

NOBODY = -1
COMPARED_REFERENCES = 64
"""Of more references, some that are drawn are compared: else each registration would be slower than the one before."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One unrotated reference, searched in the bank of all others: no rotation of its own is in it.

    Per patch in raster order (N): `distances`, the distance to the nearest row of the others; `nearest`, the
    position of the reference that row belongs to (`NOBODY`: there is no other); `foreground`, the reference's own mask;
    `weights`, of the farthest patch of all and of that of the foreground; None where the method weighs none.
    """

    distances: Distances
    nearest: NDArray[np.int32]
    foreground: Mask
    weights: Weights | None = None


def compared_references(digests: Sequence[str]) -> list[int]:
    """Positions of the references of a bank that are compared with all others, ascending: a single one has none.

    Of many, those with the smallest of the `digests` (SHA-256 of the photographs): whatever their order, another
    reference or one less changes one of them at most.
    """
    drawn = sorted(range(len(digests)), key=digests.__getitem__)
    return sorted(drawn[:COMPARED_REFERENCES]) if len(digests) > 1 else []


def heat_scale(table: Sequence[LeftOut], *, foreground_only: bool) -> float | None:
    """The hot end of the colour scale: twice the largest leave-one-out patch distance; None for fewer than two
    references. Source: ALGORITHM 5.4."""
    largest = 0.0
    for each in table:
        distances = each.distances[each.foreground] if foreground_only else each.distances
        largest = max(largest, float(distances.max(initial=0)))
    return 2 * largest if largest > 0 else None


def row_spread(rows: NDArray[np.float32], metric: Metric) -> float:
    """How far the rows (M×D) of a single reference lie from their mean, as a root mean square (`squared_euclidean`: a
    mean square): the hot end of the colour scale while there is no other, for distances that have no scale of their
    own."""
    mean_square = float(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean())
    return mean_square if metric == "squared_euclidean" else mean_square**0.5
