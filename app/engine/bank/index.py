"""Exact nearest-neighbour search over unit-length rows: FAISS on the CPU, FAISS on the GPU, or torch on the GPU."""

import logging
import threading
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.device.faiss_torch import faiss, torch
from app.engine.device.gpu_memory import gpu_memory

logger = logging.getLogger(__name__)

GPU_SCRATCH_BYTES = 256 * 2**20
TORCH_CHUNK_ELEMENTS = 64 * 2**20
SELF_TEST_TOLERANCE = 1e-4
_GPU_TURN = threading.RLock()
SEARCH_DOES_NOT_FIT = "The GPU has no memory left for this search. Try again, or lower INSPECTOR_BANK_CACHE_BYTES."

Rows = NDArray[np.float32]


class ExactIndex(Protocol):
    """Rows that can be searched; `engine` names what searches them."""

    engine: str
    size_bytes: int

    def search(self, queries: Rows) -> tuple[Rows, NDArray[np.int64]]:
        """Largest inner product of each query (N×D) over all rows, and the row it belongs to (N each)."""
        ...


class FaissCpuIndex:
    """FAISS's flat inner-product index in host memory."""

    engine = "faiss-cpu"

    def __init__(self, rows: Rows) -> None:
        self._index = faiss.IndexFlatIP(rows.shape[1])
        self._index.add(rows)
        self.size_bytes = rows.nbytes

    def search(self, queries: Rows) -> tuple[Rows, NDArray[np.int64]]:
        similarity, nearest = self._index.search(queries, 1)
        return similarity[:, 0], nearest[:, 0]


class FaissGpuIndex:
    """FAISS's flat inner-product index in GPU memory.

    The resources behind it take one thread at a time. Building and searching are the engine thread's, but a bank that
    nobody holds any more is freed on whichever thread drops it last: hence the lock.
    """

    engine = "faiss-gpu"

    def __init__(self, rows: Rows, device: torch.device) -> None:
        options = faiss.GpuIndexFlatConfig()
        options.device = device.index or 0
        with _GPU_TURN, gpu_memory(_bank_does_not_fit(rows)):
            self._index = faiss.GpuIndexFlatIP(_gpu_resources(), rows.shape[1], options)
            self._index.add(rows)
        self.size_bytes = rows.nbytes

    def search(self, queries: Rows) -> tuple[Rows, NDArray[np.int64]]:
        with _GPU_TURN, gpu_memory(SEARCH_DOES_NOT_FIT):
            similarity, nearest = self._index.search(queries, 1)
        return similarity[:, 0], nearest[:, 0]

    def __del__(self) -> None:
        with _GPU_TURN:
            self.__dict__.pop("_index", None)


class TorchIndex:
    """Chunked matrix product in torch, for a GPU whose FAISS does not work."""

    engine = "torch"

    def __init__(self, rows: Rows, device: torch.device) -> None:
        with gpu_memory(_bank_does_not_fit(rows)):
            self._rows = torch.from_numpy(rows).to(device)
        self.size_bytes = rows.nbytes

    def search(self, queries: Rows) -> tuple[Rows, NDArray[np.int64]]:
        step = max(1, TORCH_CHUNK_ELEMENTS // len(self._rows))
        with gpu_memory(SEARCH_DOES_NOT_FIT):
            found = [
                (torch.from_numpy(queries[start : start + step]).to(self._rows.device) @ self._rows.T).max(dim=1)
                for start in range(0, len(queries), step)
            ]
            similarity = torch.cat([best.values for best in found]).cpu().numpy()
            return similarity, torch.cat([best.indices for best in found]).cpu().numpy()


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
        on_gpu, _ = FaissGpuIndex(rows[:2048], device).search(rows[2048:])
        on_cpu, _ = FaissCpuIndex(rows[:2048]).search(rows[2048:])
    except (RuntimeError, AttributeError) as error:
        logger.warning("FAISS cannot use GPU %d (%s); searching with torch instead", device_index, error)
        return False
    if np.abs(on_gpu - on_cpu).max() <= SELF_TEST_TOLERANCE:
        return True
    logger.warning("FAISS on GPU %d disagrees with the CPU; searching with torch instead", device_index)
    return False


def exact_index(rows: Rows, device: str) -> ExactIndex:
    """Index of unit-length rows (M×D float32, C order) on a device, `cpu` or `cuda[:n]`.

    Raises:
        GpuOutOfMemory: the rows do not fit into the GPU's memory.
    """
    target = torch.device(device)
    if target.type == "cpu":
        return FaissCpuIndex(rows)
    return FaissGpuIndex(rows, target) if faiss_gpu_works(target.index or 0) else TorchIndex(rows, target)
