"""What this machine can do at best: matrix products, and FAISS's flat search with and without being told the core.

    python -m benchmarks.ceilings {gemm,search,search-untold} DEVICE

Prints one JSON object: two numbers per name, by the wall clock and by the processor's.
Each measurement wants a process of its own: FAISS's OpenBLAS chooses its kernels when it is imported.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

GEMM_SHAPE = (1024, 1536, 1536)
"""Tokens × channels × channels, the size of a ViT's products."""

QUERIES, BANK_ROWS, WIDTH = 1024, 8192, 384
ROUNDS = 25


def best_ms(work: Callable[[], object]) -> tuple[float, float]:
    """Least wall-clock and least processor time of `ROUNDS` runs, after two for warming up."""
    wall_ms, cpu_ms = [], []
    for _ in range(ROUNDS + 2):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        wall_ms.append(1000 * (time.perf_counter() - wall))
        cpu_ms.append(1000 * (time.process_time() - cpu))
    return min(wall_ms[2:]), min(cpu_ms[2:])


def gemm_gflops(device: str) -> dict[str, tuple[float, float]]:
    """Best rate of each kind of matrix product, GFLOP by the second and by the processor second."""
    from app.engine.device.faiss_torch import torch

    rows, inner, columns = GEMM_SHAPE
    left, right = torch.randn(rows, inner, device=device), torch.randn(columns, inner, device=device)
    half_left, half_right = left.bfloat16(), right.bfloat16()
    kinds: dict[str, Callable[[], Any]] = {
        "torch.mm float32": lambda: left @ right.T,
        "torch.mm bfloat16": lambda: half_left @ half_right.T,
    }
    if device == "cpu":
        packed: Any = torch.ops.mkldnn._reorder_linear_weight(right, rows)
        kinds["oneDNN packed float32"] = lambda: torch.ops.mkldnn._linear_pointwise(left, packed, None, "none", [], "")

    def waited(work: Callable[[], Any]) -> None:
        work()
        if device != "cpu":
            torch.cuda.synchronize()

    gflop = 2 * rows * inner * columns / 1e9
    with torch.inference_mode():
        took_ms = {name: best_ms(partial(waited, work)) for name, work in kinds.items()}
    return {name: (1000 * gflop / wall_ms, 1000 * gflop / cpu_ms) for name, (wall_ms, cpu_ms) in took_ms.items()}


def search_ms(*, told: bool) -> dict[str, tuple[float, float]]:
    """Wall-clock and processor time of one search; `told`: with `OPENBLAS_CORETYPE` as the service sets it."""
    if told:
        from app.engine.device.faiss_torch import faiss
    else:
        import torch  # noqa: F401, I001  # first, as everywhere
        import faiss
    generator = np.random.default_rng(0)
    rows = generator.standard_normal((BANK_ROWS + QUERIES, WIDTH), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = faiss.IndexFlatIP(WIDTH)
    index.add(rows[:BANK_ROWS])
    return {"search": best_ms(lambda: index.search(rows[BANK_ROWS:], 1))}


if __name__ == "__main__":
    what, on = sys.argv[1:3]
    sys.stdout.write(json.dumps(gemm_gflops(on) if what == "gemm" else search_ms(told=what == "search")) + "\n")
