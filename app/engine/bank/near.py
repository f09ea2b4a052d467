"""Exact search among the rows that lie near a patch's own place: for parts that lie in every photograph alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import (
    SEARCH_DOES_NOT_FIT,
    Found,
    Metric,
    Queries,
    Rows,
    TorchIndex,
    as_distances,
    in_host_memory,
)
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.types import Grid

NEAR_CHUNK_ELEMENTS = 16 * 2**20
MEASURED_TOGETHER = 65_536
NO_ROW = -1


@dataclass(frozen=True, slots=True)
class Places:
    """Where patches lie in their image: their numbers (Q, raster order) in its grid."""

    grid: Grid
    patches: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Where the rows of a bank lie: each row's number (M) among all patches of the `grids`, one grid after another."""

    grids: tuple[Grid, ...]
    numbers: NDArray[np.int64]

    @classmethod
    def of(cls, parts: Sequence[tuple[Grid, NDArray[np.int64]]]) -> "Cells":
        """From the patches of each reference (raster order) whose rows are there, and the grid of that reference."""
        grids = tuple(dict.fromkeys(grid for grid, _ in parts))
        starts = np.cumsum([0, *(grid.patches for grid in grids)])
        return cls(grids, np.concatenate([starts[grids.index(grid)] + patches for grid, patches in parts]))


def near_cells(places: Places, grids: Sequence[Grid], radius: int) -> NDArray[np.bool_]:
    """Which patches of the grids, one grid after another, lie at most `radius` rows and columns from each place: Q×C.

    A place in a grid of another size: the patch of it that the centre of the patch falls into.
    """
    rows, columns = np.divmod(places.patches, places.grid.columns)
    found = []
    for grid in grids:
        in_rows = _near(_scaled(rows, places.grid.rows, grid.rows), grid.rows, radius)
        in_columns = _near(_scaled(columns, places.grid.columns, grid.columns), grid.columns, radius)
        found.append((in_rows[:, :, None] & in_columns[:, None, :]).reshape(len(rows), grid.patches))
    return np.concatenate(found, axis=1)


class NearIndex(TorchIndex):
    """Chunked matrix product in torch, on any device, in which rows too far from a patch's place do not count."""

    def __init__(self, rows: Rows, cells: Cells, radius: int, device: torch.device, metric: Metric = "cosine") -> None:
        """`rows`: M×D, at the `cells`. Raises GpuOutOfMemory."""
        super().__init__(rows, device, metric)
        self._radius, self._grids = radius, cells.grids
        self._cells = torch.from_numpy(cells.numbers).to(device)
        self._longest = max((float(np.linalg.norm(part, axis=1).max()) for part in _parts(rows)), default=0.0)

    def search_near(self, queries: Queries, places: Places, count: int = 1) -> Found:
        """The `count` nearest of the rows near the place of each query (Q×D); where there are fewer, the rest is
        infinitely far and has the number −1. Raises GpuOutOfMemory."""
        far = ~near_cells(places, self._grids, self._radius)
        step = max(1, NEAR_CHUNK_ELEMENTS // len(self._rows))
        with gpu_memory(SEARCH_DOES_NOT_FIT), torch.inference_mode():
            parts = [slice(start, start + step) for start in range(0, len(queries), step)]
            found = [self._search_near(queries[part], far[part], count) for part in parts]
            values = torch.cat([values for values, _ in found]).cpu().numpy()
            rows = torch.cat([rows for _, rows in found]).cpu().numpy()
        return np.where(rows == NO_ROW, np.float32(np.inf), as_distances(values, self._metric)), rows

    def farthest(self, queries: Queries) -> Rows:
        """How far a row of the bank may lie from each query (Q×D) at most: Q."""
        if self._metric == "cosine":
            return np.full(len(queries), 2, np.float32)
        apart = np.linalg.norm(in_host_memory(queries), axis=1) + self._longest
        return np.asarray(apart if self._metric == "euclidean" else apart**2, np.float32)

    def _search_near(self, queries: Queries, far: NDArray[np.bool_], count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """As `_search`, but −1 instead of rows in cells that are `far` (Q×C)."""
        placed = self._placed(queries)
        closeness = placed @ self._rows.T
        if self._squared is not None:
            # The norm of the query is the same for all rows.
            closeness -= self._squared / 2
        closeness.masked_fill_(torch.from_numpy(far).to(closeness.device)[:, self._cells], -torch.inf)
        best = closeness.topk(count, dim=1)
        values = best.values
        if self._squared is not None:
            values = ((placed[:, None] - self._rows[best.indices]) ** 2).sum(dim=2)
        return values, best.indices.masked_fill(best.values == -torch.inf, NO_ROW)


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), MEASURED_TOGETHER):
        yield rows[start : start + MEASURED_TOGETHER]


def _scaled(positions: NDArray[np.int64], length: int, other: int) -> NDArray[np.int64]:
    """Where the centres of the positions, of `length` in a row, fall among `other` in a row of the same extent."""
    return (2 * positions + 1) * other // (2 * length)


def _near(positions: NDArray[np.int64], length: int, radius: int) -> NDArray[np.bool_]:
    return np.asarray(np.abs(positions[:, None] - np.arange(length)) <= radius)
