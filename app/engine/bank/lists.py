"""The rows of a bank of cosine distances in lists, each around a centre: made once for a bank, gone on with when rows
are added."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import FaissCpuIndex, Rows
from app.engine.bank.rows import unit_length

SAMPLED_PER_LIST = 48
"""Rows by which each centre is found; more of them do not make bounds tighter."""

ITERATIONS = 8


@dataclass(frozen=True, slots=True)
class Assigned:
    """Of some rows (M), in their order: the number of the list that each belongs to, and its angle to the centre of
    that list, rad."""

    lists: NDArray[np.int32]
    angles: NDArray[np.float32]

    @classmethod
    def joined(cls, parts: Sequence["Assigned"]) -> "Assigned":
        """One after another."""
        return cls(np.concatenate([part.lists for part in parts]), np.concatenate([part.angles for part in parts]))

    def part(self, rows: slice) -> "Assigned":
        return Assigned(self.lists[rows], self.angles[rows])


@dataclass(frozen=True, slots=True)
class Lists:
    """`centres` of lists (L×D), and which rows of a bank, in its order, belong to which of them."""

    centres: Rows
    assigned: Assigned


def list_count(rows: int) -> int:
    """How many lists a bank of so many rows has: looking at all centres then costs about what a few lists cost."""
    return max(1, min(rows, 2 * isqrt(rows)))


class Centres:
    """Centres of lists, found by k-means over rows drawn from a bank: `improve` as long as `unfinished`."""

    def __init__(self, drawn: Rows, count: int) -> None:
        """`drawn`: S×D of unit length, at least `count`, in no order (`drawn_rows`)."""
        self._drawn = drawn
        self.values = self._drawn[:count].copy()
        self._sums, self._sizes = np.zeros_like(self.values), np.zeros(count, np.int64)
        self._done = self._iteration = 0

    @property
    def unfinished(self) -> bool:
        return self._iteration < ITERATIONS

    def improve(self, rows: int) -> None:
        """Go on by so many of the drawn rows; after the last of them the centres move."""
        part = self._drawn[self._done : self._done + rows]
        lists = assigned(part, self.values).lists
        np.add.at(self._sums, lists, part)
        self._sizes += np.bincount(lists, minlength=len(self._sizes))
        self._done += len(part)
        if self._done == len(self._drawn):
            self._move()

    def _move(self) -> None:
        used = self._sizes > 0
        self.values[used] = unit_length(self._sums[used] / self._sizes[used, None])
        self._sums[:], self._sizes[:], self._done = 0, 0, 0
        self._iteration += 1


def drawn_rows(rows: int, count: int) -> NDArray[np.int64]:
    """Which of a bank's rows the centres of `count` lists are found by, in the order they were drawn in; the same ones
    each time."""
    return np.random.default_rng(0).permutation(rows)[: max(count, min(rows, SAMPLED_PER_LIST * count))]


def assigned(rows: NDArray[np.floating], centres: Rows) -> Assigned:
    """The nearest centre (L×D) of each row (M×D)."""
    distances, lists = FaissCpuIndex(centres).search(unit_length(rows))
    angles = np.arccos(np.clip(1 - distances[:, 0], -1, 1))
    return Assigned(lists[:, 0].astype(np.int32), angles.astype(np.float32))
