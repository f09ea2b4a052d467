"""A bank's rows list by list: a quick look that finds a near row, and an exact one that leaves out what cannot be
nearer."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import FaissCpuIndex, Found, Rows
from app.engine.bank.lists import Lists
from app.engine.bank.plain_rows import PlainRows, StoredRows
from app.engine.bank.rows import TINY_NORM, unit_length
from app.engine.device.faiss_torch import torch

BLOCK_ROWS = 4096
"""Compared at a time: as many as a processor's cache holds."""

SLACK_RAD = 2e-3
"""What float32 makes of a small angle, twice."""


class InvertedRows(PlainRows):
    """Rows in host memory, in the order of their lists and within a list from its centre outwards. `search` is exact
    over all rows, `first_look` is not, `nearer` is exact where a bound is known.

    Distances are cosine. Within a list, a row whose angle to the centre is known can lie within an angle r of a query
    only if that angle and the query's to the centre are no further apart than r (triangle inequality on the sphere).
    """

    engine = "certified-cpu"

    def __init__(self, rows: StoredRows, numbers: NDArray[np.int32], lists: Lists) -> None:
        """`rows` (M×D) in the order of `in_lists(lists)`, which is `numbers`."""
        super().__init__(rows, numbers=numbers)
        self._centres = FaissCpuIndex(lists.centres)
        self._centre_rows = lists.centres
        of_list, outwards = lists.assigned.lists[numbers], lists.assigned.angles[numbers]
        self._starts = np.searchsorted(of_list, np.arange(len(lists.centres) + 1))
        self._scale = float(outwards.max(initial=0)) * 1.01 + 1e-6
        self._keys = of_list + outwards.astype(np.float64) / self._scale
        self._norms = None
        if rows.dtype != np.float32:
            norms = [np.linalg.norm(np.asarray(part, np.float32), axis=1) for part in self._blocks()]
            self._norms = np.maximum(np.concatenate(norms), TINY_NORM).astype(np.float32)
            self.size_bytes += self._norms.nbytes
        self.size_bytes += lists.centres.nbytes + self._keys.nbytes

    def first_look(self, queries: Rows, lists: int) -> Found:
        """The nearest row of those in the nearest lists, of each query (Q×D): at least as far as the nearest of all.
        Q×1."""
        _, near = self._centres.search(queries, min(lists, len(self._centre_rows)))
        asking, wanted = np.divmod(np.argsort(near, axis=None, kind="stable"), near.shape[1])
        of_list = near[asking, wanted]
        ends = np.flatnonzero(np.diff(of_list, append=-1)) + 1
        best, rows = _Best(queries), torch.from_numpy(self._rows)
        for first, end in zip(np.concatenate([[0], ends[:-1]]), ends, strict=True):
            start, stop = self._starts[of_list[first]], self._starts[of_list[first] + 1]
            for begin in range(start, stop, BLOCK_ROWS):
                part = slice(begin, min(begin + BLOCK_ROWS, stop))
                norms = None if self._norms is None else self._norms[part]
                best.compare(asking[first:end], rows[part].float(), norms, part.start)
        return self._told(best)

    def nearer(self, queries: Rows, bounds: NDArray[np.float32]) -> Found:
        """The nearest row of all to each query (Q×D) that is nearer than its bound (Q); where there is none, anything
        at least as far, or infinite and −1. Q×1."""
        best, everyone = _Best(queries), np.arange(len(queries))
        buffer, rows = torch.empty(BLOCK_ROWS, queries.shape[1]), torch.from_numpy(self._rows)
        for parts in _filled(*self._ranges(queries, bounds)):
            places = np.concatenate([np.arange(part.start, part.stop) for part in parts])
            filled = 0
            for part in parts:
                buffer[filled : filled + part.stop - part.start] = rows[part]
                filled += part.stop - part.start
            norms = None if self._norms is None else self._norms[places]
            best.compare(everyone, buffer[:filled], norms, places)
        return self._told(best)

    def _ranges(self, queries: Rows, bounds: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First row of each list that may be near enough to some query, and the one after the last."""
        count = len(self._centre_rows)
        nearest, farthest = np.full(count, np.inf), np.full(count, -np.inf)
        for query, reach in zip(unit_length(queries), _reach(bounds), strict=True):
            apart = np.arccos(np.clip(self._centre_rows @ query, -1, 1)).astype(np.float64)
            np.minimum(nearest, apart - reach - SLACK_RAD, out=nearest)
            np.maximum(farthest, apart + reach + SLACK_RAD, out=farthest)
        numbers = np.arange(count)
        first = np.searchsorted(self._keys, numbers + np.clip(nearest / self._scale, 0, 1))
        last = np.searchsorted(self._keys, numbers + np.clip(farthest / self._scale, 0, 1 - 1e-9), side="right")
        return np.maximum(first, self._starts[:-1]), np.minimum(last, self._starts[1:])

    def _told(self, best: "_Best") -> Found:
        """The distances to the rows found, Q×1."""
        known = best.places >= 0
        numbers = np.where(known, self._numbers[best.places], -1)
        values = np.full(len(known), np.inf, np.float32)
        values[known] = np.clip(1 - best.closeness[known], 0, 2)
        return values[:, None], numbers[:, None].astype(np.int64)


class _Best:
    """The closest row so far of each query, by its product with the row at unit length."""

    def __init__(self, queries: Rows) -> None:
        self._queries = torch.from_numpy(queries)
        self.closeness = np.full(len(queries), -np.inf, np.float32)
        self.places = np.full(len(queries), -1, np.int64)

    def compare(
        self,
        asking: NDArray[np.int64],
        rows: torch.Tensor,
        norms: NDArray[np.float32] | None,
        places: NDArray[np.int64] | int,
    ) -> None:
        """Look at rows (M×D) for the queries `asking`; `places`: of these rows (M), or of the first of them."""
        closeness = rows @ self._queries[torch.from_numpy(asking)].T
        if norms is not None:
            closeness /= torch.from_numpy(norms)[:, None]
        most = closeness.max(dim=0)
        values, found = most.values.numpy(), most.indices.numpy()
        closer = values > self.closeness[asking]
        self.closeness[asking[closer]] = values[closer]
        self.places[asking[closer]] = found[closer] + places if isinstance(places, int) else places[found[closer]]


def _reach(bounds: NDArray[np.float32]) -> NDArray[np.float64]:
    """The angles of the bounds, rad: no row that is nearer lies beyond."""
    # A row of zeros lies at 1 from everything, in no direction.
    return np.where(bounds < 1, np.arccos(np.clip(1 - bounds.astype(np.float64), -1, 1)), np.pi)


def in_lists(lists: Lists) -> NDArray[np.int32]:
    """The numbers of a bank's rows in the order of their lists, within a list from its centre outwards."""
    return np.lexsort((lists.assigned.angles, lists.assigned.lists)).astype(np.int32)


def _filled(first: NDArray[np.int64], last: NDArray[np.int64]) -> Iterator[list[slice]]:
    """The ranges, cut and put together to blocks."""
    block: list[slice] = []
    room = BLOCK_ROWS
    for start, stop in zip(first.tolist(), last.tolist(), strict=True):
        while start < stop:
            part = slice(start, min(stop, start + room))
            block.append(part)
            room -= part.stop - part.start
            start = part.stop
            if not room:
                yield block
                block, room = [], BLOCK_ROWS
    if block:
        yield block
