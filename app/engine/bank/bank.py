"""The memory bank: the patches of every reference at every angle, searched exactly (ALGORITHM 4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.certified import Decided, Deciding, decided
from app.engine.bank.index import (
    ExactIndex,
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
from app.engine.bank.plain_rows import PlainRows, StoredRows
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
        numbers = np.arange(len(self.rows)) if self.numbers is None else self.numbers
        return np.asarray(numbers % self.grid.patches, np.int64)

    def reduced(self, numbers: NDArray[np.int64]) -> "Segment":
        """The segment with some of its rows alone, by their numbers."""
        kept = np.sort(numbers)
        return replace(self, rows=self.rows[kept], numbers=kept)


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


class MemoryBank:
    """An immutable memory bank over the segments of its references, in order, all of one metric. Where it is searched
    near the places of patches, every search has to tell these."""

    def __init__(
        self,
        segments: Sequence[Segment],
        device: str,
        search: Search = "anywhere",
        *,
        precision: RowPrecision = "float32",
        lists: Lists | None = None,
    ) -> None:
        """`device` is `cpu` or `cuda[:n]`; a GPU, and a search near places, have no use for `precision` and `lists`,
        which are those of a bank of cosine distances.

        Raises:
            GpuOutOfMemory: the rows do not fit.
            ValueError: rows of rotated references cannot be searched by their place.
        """
        [self.metric] = {part.metric for part in segments}
        self._layout = [(part.grid, part.angles_deg, part.numbers) for part in segments]
        sizes = [len(part.rows) for part in segments]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        if device == "cpu" and search == "anywhere" and (lists or precision == "float16"):
            self._index: ExactIndex = _in_host_memory(segments, self.metric, precision, lists)
        else:
            self._index = _index(segments, device, self.metric, search)
        self.rows = int(self._starts[-1])
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


def _in_host_memory(
    segments: Sequence[Segment], metric: Metric, precision: RowPrecision, lists: Lists | None
) -> PlainRows:
    sizes = [len(part.rows) for part in segments]
    numbers = np.arange(sum(sizes), dtype=np.int32) if lists is None else in_lists(lists)
    rows: StoredRows = np.empty((len(numbers), segments[0].rows.shape[1]), precision)
    places = np.argsort(numbers)
    for part, end in zip(segments, np.cumsum(sizes), strict=True):
        rows[places[end - len(part.rows) : end]] = part.rows
    return PlainRows(rows, metric) if lists is None else InvertedRows(rows, numbers, lists)


def _index(segments: Sequence[Segment], device: str, metric: Metric, search: Search) -> ExactIndex:
    rows = np.concatenate([part.rows for part in segments])
    if search == "anywhere":
        return exact_index(rows, device, metric)
    if any(part.angles_deg != (0.0,) for part in segments):
        raise ValueError("rows of rotated references cannot be searched by their place")
    cells = Cells.of([(part.grid, part.patches) for part in segments])
    return NearIndex(rows, cells, search.near, torch.device(device), metric)
