"""A full GPU is told as such by whatever runs on it; other failures stay what they are."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.assembly import load_backbone
from app.engine.backbone.vit import ViTBackbone
from app.engine.bank.index import FaissGpuIndex
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.errors import GpuOutOfMemory
from app.settings import load_settings
from app.weights.registry import load_registry
from tests.engine.synthetic_weights import VITS14, synthetic_vits14

IMAGE = np.zeros((1, 3, 28, 28), np.float32)
TORCH_WORDS = "CUDA out of memory. Tried to allocate 2.00 GiB."
FAISS_WORDS = "StandardGpuResources: alloc fail type FlatData (cudaMalloc error out of memory [2])"


def full(*_: object) -> torch.Tensor:
    raise torch.OutOfMemoryError(TORCH_WORDS)


class FailingFaiss:
    """FAISS's index on a GPU that fails with these words."""

    def __init__(self, words: str) -> None:
        self._words = words

    def search(self, queries: NDArray[np.float32], count: int) -> None:
        raise RuntimeError(f"{self._words}: {len(queries)} queries, {count} wanted")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError(TORCH_WORDS),
        RuntimeError(FAISS_WORDS),
    ],
    ids=["torch", "faiss"],
)
def test_a_gpu_without_memory_is_told_as_such(error: RuntimeError) -> None:
    with pytest.raises(GpuOutOfMemory, match="lower it"), gpu_memory("lower it"):
        raise error


@pytest.mark.parametrize("error", [RuntimeError("CUDA error: an illegal memory access"), ValueError("out of memory")])
def test_another_failure_of_the_gpu_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, gpu_memory("lower it"):
        raise error
    assert raised.value is error


def test_the_embedded_backbone_tells_a_full_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = load_backbone(load_registry().spec("embedded"), load_settings(), "cpu")
    monkeypatch.setattr(backbone, "features", full)
    with pytest.raises(GpuOutOfMemory, match="lower smaller_edge"):
        backbone.extract(IMAGE)


def test_a_vision_transformer_tells_a_full_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = ViTBackbone(VITS14, synthetic_vits14(), "cpu", "float32")
    monkeypatch.setattr(backbone, "_embed", full)
    with pytest.raises(GpuOutOfMemory, match="lower smaller_edge"):
        backbone.extract(IMAGE)


@pytest.mark.parametrize(
    ("words", "error"), [(FAISS_WORDS, GpuOutOfMemory), ("CUDA error 700 an illegal memory access", RuntimeError)]
)
def test_a_search_tells_a_full_gpu_alone_as_such(
    monkeypatch: pytest.MonkeyPatch, words: str, error: type[Exception]
) -> None:
    index = FaissGpuIndex.__new__(FaissGpuIndex)
    monkeypatch.setattr(index, "_index", FailingFaiss(words), raising=False)
    with pytest.raises(error):
        index.search(np.zeros((5, 8), np.float32))
