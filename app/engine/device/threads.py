"""How many threads compute."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.engine.device.faiss_torch import faiss, torch


@contextmanager
def one_thread() -> Iterator[None]:
    """What torch and FAISS do in the block is done by the calling thread alone: many small products take three to five
    times as long where each is handed out to two threads, which sleep in between."""
    before, before_faiss = torch.get_num_threads(), faiss.omp_get_max_threads()
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        faiss.omp_set_num_threads(before_faiss)
