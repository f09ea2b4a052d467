"""Greedy k-center coreset: few rows of a memory bank that leave none of the others far from all of them.

Source: Roth et al., Towards Total Recall in Industrial Anomaly Detection, CVPR 2022, algorithm 1, in the approximate
form of the authors' code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.options import Coreset

PROJECTED_WIDTH = 128
STARTING_POINTS = 10
CHUNK_ROWS = 16384
COVER_ELEMENTS = 16 * 2**20
TAKEN = -1.0
"""Stands for the distance of a row that is chosen: no other is smaller."""

CORESET_DOES_NOT_FIT = "The GPU has no memory left for this coreset. Register fewer references, or try again."


def _nothing(*_: int) -> None:
    """What is done between the steps, unless the caller wants more."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What happens between the steps of a selection: `pause` lets others onto the device, `progress` is told how many
    rows are chosen and how many there will be."""

    pause: Callable[[], None] = _nothing
    progress: Callable[[int, int], None] = _nothing


def coreset_size(rows: int, share: float) -> int:
    """How many of a bank's rows a share (0..1) keeps: rounded down, as the authors do, but one at least."""
    return min(max(int(rows * share), 1), rows)


def wanted_rows(rule: Coreset, rows: int) -> int:
    """How many of a bank's rows are to be kept."""
    return coreset_size(rows, rule.share) if rule.share is not None else min(rule.rows or 1, rows)


def greedy_coreset(
    rows: torch.Tensor, count: int, *, seed: int = 0, chosen: Sequence[int] = (), steps: Steps = Steps()
) -> NDArray[np.int64]:
    """The numbers of `count` rows (M×D, on any device), in the order in which they were chosen.

    Each is the row that lies farthest from those before it, by Euclidean distance after a random projection. `chosen`
    rows come first and stay: the selection goes on from them. Same rows, seed and device, same result.

    Raises:
        ValueError: more rows are wanted than there are, or `chosen` has more or names others.
        GpuOutOfMemory: no GPU memory is left.
    """
    if not len(chosen) <= count <= len(rows) or any(not 0 <= row < len(rows) for row in chosen):
        raise ValueError(f"{count} of {len(rows)} rows cannot be chosen, going on from {len(chosen)}")
    selection = Selection([projected(rows, seed, steps)], seed=seed)
    selection.take(chosen)
    while len(selection.chosen) < count:
        steps.pause()
        selection.go_on(len(selection.chosen) + 1)
        steps.progress(len(selection.chosen), count)
    return np.array(selection.chosen, np.int64)


def projected_rows(rows: NDArray[np.float32], device: str, seed: int = 0) -> torch.Tensor:
    """As `projected`, of rows in host memory, on a device. Raises GpuOutOfMemory."""
    with gpu_memory(CORESET_DOES_NOT_FIT), torch.inference_mode():
        return projected(torch.from_numpy(rows).to(device), seed)


def projected(rows: torch.Tensor, seed: int, steps: Steps = Steps()) -> torch.Tensor:
    """Rows (M×D) times a seeded Gaussian D×128 that keeps squared distances on average; of 128 columns, as they are."""
    width = rows.shape[1]
    if width == PROJECTED_WIDTH:
        return rows.float()
    drawn = np.random.default_rng(seed).standard_normal((width, PROJECTED_WIDTH), np.float32)
    mapping = torch.from_numpy(drawn / np.float32(PROJECTED_WIDTH**0.5)).to(rows.device)
    parts = []
    for start in range(0, len(rows), CHUNK_ROWS):
        steps.pause()
        with torch.inference_mode():
            parts.append(rows[start : start + CHUNK_ROWS].float() @ mapping)
    return torch.cat(parts)


class Selection:
    """A greedy selection that can be interrupted: `chosen` are the rows up to now, in order."""

    def __init__(self, points: Sequence[torch.Tensor], *, seed: int = 0, start: Sequence[int] | None = None) -> None:
        """`points`: M_i×K each, counted through. `start`: the starting points, ten drawn ones if they are not given.
        The average distance to them stands for that to the points chosen before the first, which there are none of,
        and stays a bound of what comes, as in the authors' code. What goes on from rows that were taken needs none.

        Raises:
            GpuOutOfMemory: no GPU memory is left.
        """
        with gpu_memory(CORESET_DOES_NOT_FIT), torch.inference_mode():
            self._points = torch.cat(list(points))
            self._norms = (self._points * self._points).sum(dim=1)
            self._nearest = torch.full_like(self._norms, torch.inf)
        self._seed, self._start = seed, start
        self.chosen: list[int] = []

    def __len__(self) -> int:
        return len(self._points)

    def take(self, rows: Sequence[int]) -> None:
        """Rows that were chosen before, in their order. GpuOutOfMemory."""
        step = max(1, COVER_ELEMENTS // len(self))
        with gpu_memory(CORESET_DOES_NOT_FIT), torch.inference_mode():
            for first in range(0, len(rows), step):
                self._cover([int(row) for row in rows[first : first + step]])

    def go_on(self, count: int) -> None:
        """Until `count` rows are chosen: always the one farthest from those before, none twice. GpuOutOfMemory."""
        with gpu_memory(CORESET_DOES_NOT_FIT), torch.inference_mode():
            if not self.chosen:
                self._nearest = self._distances_to(self._starting_points()).mean(dim=1)
            while len(self.chosen) < count:
                self._cover([int(self._nearest.argmax())])

    def _starting_points(self) -> list[int]:
        if self._start is not None:
            return list(self._start)
        drawn = np.random.default_rng(self._seed).choice(len(self), min(STARTING_POINTS, len(self)), replace=False)
        return [int(row) for row in drawn]

    def _cover(self, rows: list[int]) -> None:
        torch.minimum(self._nearest, self._distances_to(rows).min(dim=1).values, out=self._nearest)
        self._nearest[rows] = TAKEN
        self.chosen += rows

    def _distances_to(self, rows: list[int]) -> torch.Tensor:
        """M×R."""
        squared = self._norms[:, None] + self._norms[rows] - 2 * (self._points @ self._points[rows].T)
        return squared.clamp_min(0).sqrt()
