"""Rows in host memory as they are, float32 or float16, searched exactly block by block."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.index import FaissCpuIndex, Found, Metric, Rows
from app.engine.bank.rows import comparable

StoredRows = NDArray[np.float32] | NDArray[np.float16]

SEARCHED_ROWS = 32_768
"""Rows that are brought to float32 at a time."""


def places_of(numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Where each of the numbers 0..M−1 stands in their order (M)."""
    places = np.empty_like(numbers)
    places[numbers] = np.arange(len(numbers), dtype=np.int32)
    return places


class PlainRows:
    """Rows in any order. float16 ones are compared in float32, by cosine at unit length: rounding changes lengths too,
    which would make most of its error."""

    engine = "blocks-cpu"

    def __init__(self, rows: StoredRows, metric: Metric = "cosine", numbers: NDArray[np.int32] | None = None) -> None:
        """`rows`: M×D; `numbers` (M): those of the bank that they are, if they are in another order."""
        self._rows, self._metric = rows, metric
        self._numbers = np.arange(len(rows), dtype=np.int32) if numbers is None else numbers
        self._places = places_of(self._numbers)
        self.size_bytes = rows.nbytes + self._numbers.nbytes + self._places.nbytes

    def search(self, queries: Rows, count: int = 1) -> Found:
        """The `count` nearest of all rows to each query (Q×D); of equally near ones those that come first."""
        values, numbers = np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
        start = 0
        for part in self._blocks():
            block = part.astype(np.float32, copy=False) if part.dtype == np.float32 else comparable(part, self._metric)
            found, places = FaissCpuIndex(block, self._metric).search(queries, min(count, len(block)))
            values = np.concatenate([values, found], axis=1)
            numbers = np.concatenate([numbers, self._numbers[start + places].astype(np.int64)], axis=1)
            order = np.lexsort((numbers, values), axis=1)[:, :count]
            values, numbers = np.take_along_axis(values, order, 1), np.take_along_axis(numbers, order, 1)
            start += len(block)
        return values, numbers

    def row(self, number: int) -> Rows:
        found = self._rows[self._places[number]]
        return np.asarray(found if found.dtype == np.float32 else comparable(found[None], self._metric)[0], np.float32)

    def _blocks(self) -> Iterator[StoredRows]:
        for start in range(0, len(self._rows), SEARCHED_ROWS):
            yield self._rows[start : start + SEARCHED_ROWS]
