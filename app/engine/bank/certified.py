"""The certified score: upper bounds of all patch distances, and exact ones where they decide something.

A look at a few lists finds a row that is near, so a distance that is too large or right. What an image is judged by
needs few of its distances: they are searched exactly, the largest bounds first, until no other could take their place.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import Found, Rows
from app.engine.device.threads import one_thread
from app.engine.types import Distances

LISTS_LOOKED_AT = 4
ALONG = 8
"""So many more bounds are made exact together with those that are asked for: another pass over the rows costs more."""

TOGETHER = 256
"""Patches whose distance is made exact in one pass."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """What an image is judged by, of the distances of its searched patches.

    The `largest` so many; all `above` a distance, if one is given; on which side of each of the `median_limits` their
    median lies.
    """

    largest: int
    above: float | None = None
    median_limits: tuple[float, ...] = ()

    def open(self, bounds: Distances, exact: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Patches whose bound (Q) is not `exact` (Q) but would have to be, the largest first; none: all is decided.

        Where the largest bounds are exact, no other distance can be among the largest.
        """
        descending = np.argsort(-bounds, kind="stable")
        needed = np.zeros(len(bounds), bool)
        needed[: self.largest] = True
        if self.above is not None:
            needed |= bounds[descending] > self.above
        if any(float(np.median(bounds)) > limit for limit in self.median_limits):
            needed[: len(bounds) // 2 + 1] = True
        return np.asarray(descending[needed & ~exact[descending]], np.int64)


@dataclass(frozen=True, slots=True)
class Decided:
    """Of each searched patch (Q): its distance, or an upper bound of it where that is not `exact`; the bank row that
    lies so far."""

    values: Distances
    nearest: NDArray[np.int64]
    exact: NDArray[np.bool_]


class Looked(Protocol):
    """Rows that can be looked at quickly, and exactly below a bound."""

    def first_look(self, queries: Rows, lists: int) -> Found: ...

    def nearer(self, queries: Rows, bounds: NDArray[np.float32]) -> Found: ...


def decided(rows: Looked, queries: Rows, deciding: Deciding) -> Decided:
    """Distances of the queries (Q×D) to the rows, exact as far as they decide something. By one thread."""
    with one_thread():
        return _decided(rows, queries, deciding)


def _decided(rows: Looked, queries: Rows, deciding: Deciding) -> Decided:
    found, numbers = rows.first_look(queries, LISTS_LOOKED_AT)
    values, nearest, exact = found[:, 0], numbers[:, 0], np.zeros(len(queries), bool)
    while len(wanted := deciding.open(values, exact)):
        most = min(len(wanted) + ALONG, TOGETHER)
        descending = np.argsort(-values, kind="stable")
        rest = descending[~exact[descending] & ~np.isin(descending, wanted)]
        patches = np.concatenate([wanted, rest])[:most]
        nearer, numbers = rows.nearer(queries[patches], values[patches])
        better = nearer[:, 0] < values[patches]
        values[patches[better]], nearest[patches[better]] = nearer[better, 0], numbers[better, 0]
        exact[patches] = True
    return Decided(values, nearest, exact)
