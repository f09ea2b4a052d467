"""Exact nearest-neighbour search: FAISS on the CPU, FAISS on the GPU, or torch on the GPU."""

import logging
import threading
from functools import cache
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from app.engine.device.faiss_torch import faiss, let_faiss_take_tensors, torch
from app.engine.device.gpu_memory import gpu_memory

logger = logging.getLogger(__name__)

GPU_SCRATCH_BYTES = 256 * 2**20
TORCH_CHUNK_ELEMENTS = 64 * 2**20
SQUARED_TOGETHER = 65_536
SELF_TEST_TOLERANCE = 1e-4
_GPU_TURN = threading.RLock()
SEARCH_DOES_NOT_FIT = "The GPU has no memory left for this search. Try again, or lower INSPECTOR_BANK_CACHE_BYTES."

Rows = NDArray[np.float32]

Queries = Rows | torch.Tensor
"""Q×D float32; a tensor where it lies on a device. An index in host memory takes only arrays."""

Metric = Literal["cosine", "euclidean", "squared_euclidean"]
"""How far two rows lie apart: `cosine`, 0..2, of rows of unit length; the others of any."""

Found = tuple[Rows, NDArray[np.int64]]
"""Distances and row numbers, both Q×k, the nearest first."""


def ratio_in(metric: Metric, ratio: float) -> float:
    """What a ratio of two cosine distances is in another metric: of rows of unit length, Euclidean distances are as the
    roots of cosine ones."""
    return ratio**0.5 if metric == "euclidean" else ratio


class ExactIndex(Protocol):
    """Rows that can be searched; `engine` names what searches them."""

    engine: str
    size_bytes: int

    def search(self, queries: Rows, count: int = 1) -> Found:
        """The `count` nearest of all rows to each query (Q×D): how far they are, and which. One in the memory of a
        device takes tensors, too."""
        ...

    def row(self, number: int) -> Rows:
        """One row (D)."""
        ...


class FaissCpuIndex:
    """What FAISS's flat index finds, in rows that lie where they are: an index would copy them."""

    engine = "faiss-cpu"

    def __init__(self, rows: Rows, metric: Metric = "cosine") -> None:
        self._metric = metric
        self._rows = np.ascontiguousarray(rows, np.float32)
        self.size_bytes = rows.nbytes

    def search(self, queries: Rows, count: int = 1) -> Found:
        compared = faiss.METRIC_INNER_PRODUCT if self._metric == "cosine" else faiss.METRIC_L2
        found, rows = faiss.knn(queries, self._rows, count, metric=compared)
        if self._metric != "cosine":
            found = _squared_distances(queries, self._rows[rows.ravel()], count)
        return as_distances(found, self._metric), rows

    def row(self, number: int) -> Rows:
        return np.asarray(self._rows[number], np.float32)


class FaissGpuIndex:
    """FAISS's flat index in GPU memory, searched by queries there or in host memory.

    The resources behind it take one thread at a time. Building and searching are the engine thread's, but a bank that
    nobody holds any more is freed on whichever thread drops it last: hence the lock.
    """

    engine = "faiss-gpu"

    def __init__(self, rows: Rows, device: torch.device, metric: Metric = "cosine") -> None:
        self._metric = metric
        options = faiss.GpuIndexFlatConfig()
        options.device = device.index or 0
        kind = faiss.GpuIndexFlatIP if metric == "cosine" else faiss.GpuIndexFlatL2
        with _GPU_TURN, gpu_memory(_bank_does_not_fit(rows)):
            self._index = kind(_gpu_resources(), rows.shape[1], options)
            self._index.add(rows)
        self.size_bytes = rows.nbytes

    def search(self, queries: Queries, count: int = 1) -> Found:
        with _GPU_TURN, gpu_memory(SEARCH_DOES_NOT_FIT):
            if isinstance(queries, torch.Tensor) and self._metric == "cosine":
                return self._search_on_device(queries, count)
            values = in_host_memory(queries)
            found, rows = self._index.search(values, count)
            if self._metric != "cosine":
                found = _squared_distances(values, self._index.reconstruct_batch(rows.ravel()), count)
        return as_distances(found, self._metric), rows

    def _search_on_device(self, queries: torch.Tensor, count: int) -> Found:
        let_faiss_take_tensors()
        found, rows = self._index.search(queries.contiguous(), count)
        return as_distances(found.cpu().numpy(), self._metric), rows.cpu().numpy()

    def row(self, number: int) -> Rows:
        with _GPU_TURN:
            return np.asarray(self._index.reconstruct(number), np.float32)

    def __del__(self) -> None:
        with _GPU_TURN:
            self.__dict__.pop("_index", None)


class TorchIndex:
    """Chunked matrix product in torch, for a GPU whose FAISS does not work, by queries there or in host memory."""

    engine = "torch"

    def __init__(self, rows: Rows, device: torch.device, metric: Metric = "cosine") -> None:
        self._metric = metric
        with gpu_memory(_bank_does_not_fit(rows)):
            self._rows = torch.from_numpy(rows).to(device)
            self._squared = _squared_lengths(self._rows) if metric != "cosine" else None
        self.size_bytes = rows.nbytes

    def search(self, queries: Queries, count: int = 1) -> Found:
        step = max(1, TORCH_CHUNK_ELEMENTS // len(self._rows))
        with gpu_memory(SEARCH_DOES_NOT_FIT):
            found = [self._search(queries[start : start + step], count) for start in range(0, len(queries), step)]
            values = torch.cat([values for values, _ in found]).cpu().numpy()
            return as_distances(values, self._metric), torch.cat([rows for _, rows in found]).cpu().numpy()

    def row(self, number: int) -> Rows:
        return np.asarray(self._rows[number].cpu())

    def _placed(self, queries: Queries) -> torch.Tensor:
        placed = queries if isinstance(queries, torch.Tensor) else torch.from_numpy(in_host_memory(queries))
        return placed.to(self._rows.device)

    def _search(self, queries: Queries, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """As FAISS tells them: the largest inner products, or the smallest squared distances."""
        placed = self._placed(queries)
        products = placed @ self._rows.T
        if self._squared is None:
            best = products.topk(count, dim=1)
            return best.values, best.indices
        # The norm of the query is the same for all rows.
        nearest = (self._squared - 2 * products).topk(count, dim=1, largest=False).indices
        return ((placed[:, None] - self._rows[nearest]) ** 2).sum(dim=2), nearest


def in_host_memory(queries: Queries) -> Rows:
    """Q×D, C order: a copy where they lie on a device."""
    return np.ascontiguousarray(queries.cpu().numpy() if isinstance(queries, torch.Tensor) else queries, np.float32)


def _squared_lengths(rows: torch.Tensor) -> torch.Tensor:
    """M, of M×D; their squares are held a part at a time."""
    return torch.cat([(part * part).sum(dim=1) for part in torch.split(rows, SQUARED_TOGETHER)])


def _squared_distances(queries: Rows, found: Rows, count: int) -> Rows:
    """Q×count, of each query (Q×D) to the rows found for it (Q·count×D). A search finds them by the norms and the inner
    product, which leaves nothing of a small difference between large rows."""
    apart = queries[:, None] - found.reshape(len(queries), count, -1)
    return np.asarray(np.einsum("qkd,qkd->qk", apart, apart), np.float32)


def as_distances(found: Rows, metric: Metric) -> Rows:
    """Of what a search finds: the largest inner products, or the smallest squared distances."""
    if metric == "cosine":
        return np.asarray(np.clip(1 - found, 0, 2), np.float32)
    return np.asarray(found if metric == "squared_euclidean" else np.sqrt(found), np.float32)


def _bank_does_not_fit(rows: Rows) -> str:
    return (
        f"A bank of {rows.nbytes / 2**20:.0f} MB does not fit into the GPU's memory. "
        "Lower INSPECTOR_BANK_CACHE_BYTES or register fewer references."
    )


@cache
def _gpu_resources() -> "faiss.StandardGpuResources":
    resources = faiss.StandardGpuResources()
    resources.setTempMemory(GPU_SCRATCH_BYTES)
    return resources


@cache
def faiss_gpu_works(device_index: int) -> bool:
    """Whether FAISS finds on this GPU what it finds on the CPU. Tried once per process; a failure is logged.

    Raises:
        GpuOutOfMemory: the GPU is full, which says nothing about FAISS; the next call tries again.
    """
    try:
        rows = np.random.default_rng(0).standard_normal((4096, 64), dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        device = torch.device("cuda", device_index)
        apart = 0.0
        for metric in get_args(Metric):
            on_gpu, _ = FaissGpuIndex(rows[:2048], device, metric).search(rows[2048:])
            on_cpu, _ = FaissCpuIndex(rows[:2048], metric).search(rows[2048:])
            apart = max(apart, float(np.abs(on_gpu - on_cpu).max()))
    except (RuntimeError, AttributeError) as error:
        logger.warning("FAISS cannot use GPU %d (%s); searching with torch instead", device_index, error)
        return False
    if apart <= SELF_TEST_TOLERANCE:
        return True
    logger.warning("FAISS on GPU %d disagrees with the CPU; searching with torch instead", device_index)
    return False


def exact_index(rows: Rows, device: str, metric: Metric = "cosine") -> ExactIndex:
    """Index of rows (M×D float32, C order; of unit length for `cosine`) on a device, `cpu` or `cuda[:n]`.

    Raises:
        GpuOutOfMemory: the rows do not fit into the GPU's memory.
    """
    target = torch.device(device)
    if target.type == "cpu":
        return FaissCpuIndex(rows, metric)
    return (
        FaissGpuIndex(rows, target, metric) if faiss_gpu_works(target.index or 0) else TorchIndex(rows, target, metric)
    )
