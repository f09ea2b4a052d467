"""The one place that imports torch and FAISS: torch first, and what their threads read at the import set before it.

FAISS ships an OpenBLAS that does not know recent AMD cores and falls back to SSE there, which costs up to five times
the time of an exact search. `OPENBLAS_CORETYPE` set by the user is left alone.
"""

import os
import platform
from pathlib import Path


def _openblas_core_type() -> str | None:
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() != "x86_64" or not cpuinfo.exists():
        return None
    flags = next((line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), "").split()
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"} <= set(flags):
        return "SkylakeX"
    if {"avx2", "fma"} <= set(flags):
        return "Haswell"
    return None


if "OPENBLAS_CORETYPE" not in os.environ and (core := _openblas_core_type()):
    os.environ["OPENBLAS_CORETYPE"] = core
# Threads that spin while they wait take the cores from whatever else runs, another part of this process included.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402, I001
import faiss  # noqa: E402

# float32 means float32: cuDNN would otherwise round the patch embedding's inputs to TF32 on a GPU.
torch.backends.cudnn.allow_tf32 = False


def let_faiss_take_tensors() -> None:
    """Teach FAISS to search tensors where they lie, on the stream that made them. Called again, it does nothing."""
    import faiss.contrib.torch_utils  # noqa: F401


__all__ = ["faiss", "let_faiss_take_tensors", "torch"]
