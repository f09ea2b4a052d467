"""A GPU without memory left, told as such; every other failure of the GPU stays what it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.engine.device.faiss_torch import torch
from app.errors import GpuOutOfMemory

# FAISS has no exception of its own for this: it raises RuntimeError with CUDA's words, or with the call that failed.
_FAISS_OUT_OF_MEMORY = ("out of memory", "cudaMalloc")


@contextmanager
def gpu_memory(message: str) -> Iterator[None]:
    """Run the body; where torch or FAISS finds no GPU memory in it, raise GpuOutOfMemory with `message`."""
    try:
        yield
    except RuntimeError as error:
        if not _out_of_memory(error):
            raise
        torch.cuda.empty_cache()
        raise GpuOutOfMemory(message) from error


def _out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _FAISS_OUT_OF_MEMORY)
