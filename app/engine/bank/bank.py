"""The memory bank: the patches of every reference at every angle, searched exactly (ALGORITHM 4)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.certified import Decided, Deciding, decided
from app.engine.bank.index import (
    ExactIndex,
    FaissCpuIndex,
    FaissGpuIndex,
    Found,
    Metric,
    Queries,
    TorchIndex,
    exact_index,
    in_host_memory,
)
from app.engine.bank.inverted import InvertedRows, in_lists
from app.engine.bank.lists import Lists
from app.engine.bank.near import Cells, NearIndex, Places
from app.engine.bank.plain_rows import PlainRows, StoredRows, places_of
from app.engine.bank.rows import comparable
from app.engine.device.faiss_torch import torch
from app.engine.options import RowPrecision, Search
from app.engine.types import Distances, Grid, Mask, PatchFeatures


@dataclass(frozen=True, slots=True)
class Segment:
    """One reference's share of a bank.

    `rows` is M×D float32, `comparable` in the `metric`, by angle, then raster; M = len(angles_deg)·grid.patches.
    `foreground` (N) tells the object's patches of the unrotated reference; the bank holds every row all the same.
    Where only some rows are kept, `numbers` tells which, ascending, of how many there are with the others.
    """

    rows: NDArray[np.float32]
    foreground: Mask
    angles_deg: tuple[float, ...]
    grid: Grid
    numbers: NDArray[np.int64] | None = None
    metric: Metric = "cosine"

    @property
    def upright(self) -> NDArray[np.float32]:
        """The rows of the unrotated reference, N×D, of a segment with all its rows."""
        return self.rows[: self.grid.patches]

    @property
    def patches(self) -> NDArray[np.int64]:
        """Which patch (raster) of the reference, at its angle, each of the rows shows: M."""
        return _patches(self.grid, len(self.rows), self.numbers)

    def reduced(self, numbers: NDArray[np.int64]) -> "Segment":
        """The segment with some of its rows alone, by their numbers."""
        kept = np.sort(numbers)
        return replace(self, rows=self.rows[kept], numbers=kept)


def _patches(grid: Grid, rows: int, numbers: NDArray[np.int64] | None) -> NDArray[np.int64]:
    return np.asarray((np.arange(rows) if numbers is None else numbers) % grid.patches, np.int64)


def segment(
    features: Sequence[PatchFeatures],
    angles_deg: Sequence[float],
    foreground: Mask | None = None,
    metric: Metric = "cosine",
) -> Segment:
    """Join the patch features of one reference, one entry per angle, into a segment; no `foreground` means all."""
    rows = np.concatenate([comparable(each.values, metric) for each in features])
    grid = features[0].geometry.grid
    known = np.ones(grid.patches, bool) if foreground is None else foreground
    return Segment(rows, known, tuple(angles_deg), grid, metric=metric)


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """Where a bank row came from: which reference (position in the bank), at which angle, which patch (raster)."""

    reference: int
    angle_deg: float
    patch: int


Placing = Callable[[Callable[[], ExactIndex]], ExactIndex]
"""Calls what makes an index of rows, where that may be done."""


def _at_once(make: Callable[[], ExactIndex]) -> ExactIndex:
    return make()


class MemoryBank:
    """An immutable memory bank over the segments of its references, in order, all of one metric. Where it is searched
    near the places of patches, every search has to tell these."""

    def __init__(
        self,
        segments: Iterable[Segment],
        device: str,
        search: Search = "anywhere",
        *,
        precision: RowPrecision = "float32",
        lists: Lists | None = None,
        count: int | None = None,
        placing: Placing = _at_once,
    ) -> None:
        """`device` is `cpu` or `cuda[:n]`; a GPU, and a search near places, have no use for `precision` and `lists`,
        which are those of a bank of cosine distances. Where it is told how many rows there are (`count`), one segment
        is held at a time beside them. `placing` calls what puts the rows on a GPU, or where their places are known.

        Raises:
            GpuOutOfMemory: the rows do not fit.
            ValueError: rows of rotated references cannot be searched by their place; there are not `count` rows.
        """
        in_memory = device == "cpu" and search == "anywhere"
        if count is None:
            segments = list(segments)
            count = sum(len(part.rows) for part in segments)
        numbers = in_lists(lists) if lists and in_memory else None
        gathered = _gathered(segments, count, precision if in_memory else "float32", numbers)
        self._layout, self.metric = gathered.layout, gathered.metric
        self._starts = np.concatenate([[0], np.cumsum(gathered.sizes)])
        if in_memory:
            self._index: ExactIndex = _in_host_memory(gathered, numbers, lists)
        else:
            self._index = placing(partial(_index, gathered, device, search))
        self.rows = count
        self.size_bytes = self._index.size_bytes
        self.engine = self._index.engine

    def nearest(self, queries: Queries, places: Places | None = None) -> tuple[Distances, NDArray[np.int64]]:
        """Distance of each query (N×D) to its nearest row in the bank's metric, and that row's number; infinite and −1
        where no row is near its place. `places`: of the queries (N)."""
        distances, rows = self.neighbours(queries, 1, places)
        return distances[:, 0], rows[:, 0]

    def neighbours(self, queries: Queries, count: int, places: Places | None = None) -> Found:
        """Of each query (N×D), the distances of its `count` nearest rows and their numbers, N×count, nearest first;
        otherwise as `nearest`. ValueError where the bank needs places and none are given."""
        if not len(queries):
            return np.zeros((0, count), np.float32), np.zeros((0, count), np.int64)
        if not isinstance(self._index, NearIndex):
            if isinstance(self._index, FaissGpuIndex | TorchIndex):
                return self._index.search(queries, count)
            return self._index.search(in_host_memory(queries), count)
        if places is None:
            raise ValueError("this bank is searched near the places of patches, and none are given")
        return self._index.search_near(queries, places, count)

    @property
    def certifies(self) -> bool:
        """Whether `decided` can be asked."""
        return isinstance(self._index, InvertedRows)

    def decided(self, queries: Queries, deciding: Deciding) -> Decided:
        """As `nearest`, but exact only as far as it decides something: elsewhere upper bounds of the distances.

        ValueError for a bank without lists.
        """
        if not isinstance(self._index, InvertedRows):
            raise ValueError("this bank has no lists")
        return decided(self._index, in_host_memory(queries), deciding)

    def farthest(self, queries: Queries) -> Distances:
        """How far a row may lie from each query (N×D) at most: stands for the distance where no row is near. N.

        ValueError for a bank that is searched anywhere: there some row is always nearest.
        """
        if not isinstance(self._index, NearIndex):
            raise ValueError("in a bank that is searched anywhere, a distance is never missing")
        return self._index.farthest(queries)

    def row(self, number: int) -> NDArray[np.float32]:
        """A row (D) by its number."""
        return self._index.row(number)

    def origin(self, row: int) -> RowOrigin:
        """Which reference, angle and patch a row came from."""
        reference = int(np.searchsorted(self._starts, row, side="right")) - 1
        grid, angles_deg, numbers = self._layout[reference]
        place = int(row - self._starts[reference])
        angle, patch = divmod(place if numbers is None else int(numbers[place]), grid.patches)
        return RowOrigin(reference, angles_deg[angle], patch)


@dataclass(slots=True)
class _Gathered:
    """The rows of several segments (M×D), and what each segment tells of its share of them."""

    rows: StoredRows
    metric: Metric
    layout: list[tuple[Grid, tuple[float, ...], NDArray[np.int64] | None]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def _gathered(
    segments: Iterable[Segment], count: int, precision: RowPrecision, numbers: NDArray[np.int32] | None
) -> _Gathered:
    """The rows one segment after another, or in the order of their `numbers`."""
    places = None if numbers is None else places_of(numbers)
    found, end = None, 0
    for part in segments:
        found = found or _Gathered(np.empty((count, part.rows.shape[1]), precision), part.metric)
        start, end = end, end + len(part.rows)
        if end > count or part.metric != found.metric:
            raise ValueError(f"a bank has {count} rows of one metric")
        found.rows[slice(start, end) if places is None else places[start:end]] = part.rows
        found.layout.append((part.grid, part.angles_deg, part.numbers))
        found.sizes.append(len(part.rows))
        del part  # else it stays while the next one is made
    if found is None or end != count:
        raise ValueError(f"a bank has segments, of {count} rows")
    return found


def _in_host_memory(gathered: _Gathered, numbers: NDArray[np.int32] | None, lists: Lists | None) -> ExactIndex:
    rows = gathered.rows
    if lists is not None and numbers is not None:
        return InvertedRows(rows, numbers, lists)
    if rows.dtype == np.float16:
        return PlainRows(rows, gathered.metric)
    return FaissCpuIndex(np.asarray(rows, np.float32), gathered.metric)


def _index(gathered: _Gathered, device: str, search: Search) -> ExactIndex:
    rows = np.asarray(gathered.rows, np.float32)
    if search == "anywhere":
        return exact_index(rows, device, gathered.metric)
    if any(angles_deg != (0.0,) for _, angles_deg, _ in gathered.layout):
        raise ValueError("rows of rotated references cannot be searched by their place")
    shares = zip(gathered.layout, gathered.sizes, strict=True)
    cells = Cells.of([(grid, _patches(grid, size, numbers)) for (grid, _, numbers), size in shares])
    return NearIndex(rows, cells, search.near, torch.device(device), gathered.metric)
