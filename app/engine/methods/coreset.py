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

PROJECTED_WIDTH = 128
STARTING_POINTS = 10
CHUNK_ROWS = 16384
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
    with gpu_memory(CORESET_DOES_NOT_FIT), torch.inference_mode():
        points = projected(rows, seed, steps)
        if len(chosen):
            nearest = torch.full((len(points),), torch.inf, device=points.device)
        else:
            drawn = np.random.default_rng(seed).choice(len(points), min(STARTING_POINTS, len(points)), replace=False)
            nearest = starting_distances(points, drawn.tolist())
        return farthest_points(points, count, nearest, chosen, steps)


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
        parts.append(rows[start : start + CHUNK_ROWS].float() @ mapping)
    return torch.cat(parts)


def starting_distances(points: torch.Tensor, start: Sequence[int]) -> torch.Tensor:
    """How far each point (M×K) lies from the starting points on average (M): stands for the distance to the points
    chosen before the first, which there are none of."""
    norms = _squared_norms(points)
    return torch.stack([_distances_to(points, norms, row) for row in start], dim=1).mean(dim=1)


def farthest_points(
    points: torch.Tensor,
    count: int,
    nearest: torch.Tensor,
    chosen: Sequence[int] = (),
    steps: Steps = Steps(),
) -> NDArray[np.int64]:
    """Go on from the `chosen` points (of M×K) until there are `count`, always with the farthest; none twice.

    `nearest` (M): how far each lies from the nearest one before the `chosen`. It stays a bound of what comes, as in the
    authors' code.
    """
    norms, nearest, found = _squared_norms(points), nearest.clone(), [int(row) for row in chosen]
    taken = torch.zeros_like(nearest, dtype=torch.bool)
    for place in range(count):
        steps.pause()
        if place >= len(found):
            found.append(int(nearest.masked_fill(taken, -1).argmax()))
        taken[found[place]] = True
        torch.minimum(nearest, _distances_to(points, norms, found[place]), out=nearest)
        steps.progress(place + 1, count)
    return np.array(found, np.int64)


def _squared_norms(points: torch.Tensor) -> torch.Tensor:
    return (points * points).sum(dim=1)


def _distances_to(points: torch.Tensor, norms: torch.Tensor, row: int) -> torch.Tensor:
    return (norms + norms[row] - 2 * (points @ points[row])).clamp_min(0).sqrt()
