"""The rows of a bank in lists, each around a centre: made once for a bank, gone on with when rows are added."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import FaissCpuIndex, Metric, Rows

SAMPLED_PER_LIST = 48
"""Rows by which each centre is found; more of them do not make bounds tighter."""

ITERATIONS = 8
TINY_NORM = 1e-12


@dataclass(frozen=True, slots=True)
class Assigned:
    """Of some rows (M), in their order: the number of the list that each belongs to, and how far it lies from the
    centre of that list, as a `span`."""

    lists: NDArray[np.int32]
    spans: NDArray[np.float32]

    @classmethod
    def joined(cls, parts: Sequence["Assigned"]) -> "Assigned":
        """One after another."""
        return cls(np.concatenate([part.lists for part in parts]), np.concatenate([part.spans for part in parts]))

    def part(self, rows: slice) -> "Assigned":
        return Assigned(self.lists[rows], self.spans[rows])


@dataclass(frozen=True, slots=True)
class Lists:
    """`centres` of lists (L×D), and which rows of a bank, in its order, belong to which of them."""

    centres: Rows
    assigned: Assigned


def spans(distances: NDArray[np.float32], metric: Metric) -> NDArray[np.float32]:
    """Distances as ones that the triangle inequality holds for: of unit rows, their angle instead of 1 − cosine."""
    if metric == "cosine":
        return np.asarray(np.arccos(np.clip(1 - distances, -1, 1)), np.float32)
    return np.asarray(distances if metric == "euclidean" else np.sqrt(distances), np.float32)


def list_count(rows: int) -> int:
    """How many lists a bank of so many rows has: looking at all centres then costs about what a few lists cost."""
    return max(1, min(rows, 2 * isqrt(rows)))


class Centres:
    """Centres of lists, found by k-means over rows drawn from a bank: `improve` as long as `unfinished`."""

    def __init__(self, drawn: Rows, count: int, metric: Metric) -> None:
        """`drawn`: S×D, at least `count`, in no order (`drawn_rows`)."""
        self._drawn, self._metric = straight(drawn, metric), metric
        self.values = self._drawn[:count].copy()
        self._sums, self._sizes = np.zeros_like(self.values), np.zeros(count, np.int64)
        self._done = self._iteration = 0

    @property
    def unfinished(self) -> bool:
        return self._iteration < ITERATIONS

    def improve(self, rows: int) -> None:
        """Go on by so many of the drawn rows; after the last of them the centres move."""
        part = self._drawn[self._done : self._done + rows]
        lists = assigned(part, self.values, self._metric).lists
        np.add.at(self._sums, lists, part)
        self._sizes += np.bincount(lists, minlength=len(self._sizes))
        self._done += len(part)
        if self._done == len(self._drawn):
            self._move()

    def _move(self) -> None:
        used = self._sizes > 0
        self.values[used] = straight(self._sums[used] / self._sizes[used, None], self._metric)
        self._sums[:], self._sizes[:], self._done = 0, 0, 0
        self._iteration += 1


def drawn_rows(rows: int, count: int) -> NDArray[np.int64]:
    """Which of a bank's rows the centres of `count` lists are found by, in the order they were drawn in; the same ones
    each time."""
    return np.random.default_rng(0).permutation(rows)[: max(count, min(rows, SAMPLED_PER_LIST * count))]


def assigned(rows: NDArray[np.floating], centres: Rows, metric: Metric) -> Assigned:
    """The nearest centre (L×D) of each row (M×D)."""
    distances, lists = FaissCpuIndex(centres, metric).search(straight(rows, metric))
    return Assigned(lists[:, 0].astype(np.int32), spans(distances[:, 0], metric))


def straight(rows: NDArray[np.floating], metric: Metric) -> Rows:
    """Rows as float32, by cosine of unit length: what was rounded to float16 is not quite."""
    values = np.ascontiguousarray(rows, np.float32)
    if metric != "cosine":
        return values
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), TINY_NORM), np.float32)
