"""Exact search: every index finds what a plain matrix product finds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.bank import index
from app.engine.bank.index import ExactIndex, FaissCpuIndex, Metric, TorchIndex, exact_index, ratio_in
from app.engine.device.faiss_torch import faiss, torch

Rows = NDArray[np.float32]
ROWS, WIDTH = 3000, 48


def torch_on_cpu(rows: Rows) -> TorchIndex:
    return TorchIndex(rows, torch.device("cpu"))


def unit_rows(count: int, seed: int) -> Rows:
    drawn = np.random.default_rng(seed).standard_normal((count, WIDTH), dtype=np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def assert_exact(found: tuple[Rows, NDArray[np.int64]], queries: Rows, rows: Rows) -> None:
    """Compare with all inner products in float64; these random rows have no near-ties."""
    products = queries.astype(np.float64) @ rows.astype(np.float64).T
    distances, nearest = found
    np.testing.assert_array_equal(nearest[:, 0], products.argmax(axis=1))
    np.testing.assert_allclose(distances[:, 0], 1 - products.max(axis=1), atol=1e-6)


each_index = pytest.mark.parametrize("make", [FaissCpuIndex, torch_on_cpu])


@each_index
@pytest.mark.parametrize("count", [1, 500])
def test_an_index_finds_the_nearest_row_of_every_query(make: Callable[[Rows], ExactIndex], count: int) -> None:
    rows, queries = unit_rows(ROWS, seed=1), unit_rows(count, seed=2)
    assert_exact(make(rows).search(queries), queries, rows)


@each_index
def test_every_row_is_its_own_nearest(make: Callable[[Rows], ExactIndex]) -> None:
    rows = unit_rows(ROWS, seed=3)
    distances, nearest = make(rows).search(rows)
    np.testing.assert_array_equal(nearest[:, 0], np.arange(ROWS))
    np.testing.assert_allclose(distances, 0, atol=1e-6)


@pytest.mark.parametrize("device", ["faiss", "torch"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean", "squared_euclidean"])
def test_the_nearest_few_come_in_order_of_their_distance(device: str, metric: Metric) -> None:
    rows, queries = unit_rows(ROWS, seed=12), unit_rows(30, seed=13)
    if metric != "cosine":
        rows, queries = rows * np.float32(3), queries * np.float32(2)
        all_distances = np.linalg.norm(queries[:, None].astype(np.float64) - rows[None], axis=2)
        all_distances = all_distances**2 if metric == "squared_euclidean" else all_distances
    else:
        all_distances = 1 - queries.astype(np.float64) @ rows.astype(np.float64).T
    made = FaissCpuIndex(rows, metric) if device == "faiss" else TorchIndex(rows, torch.device("cpu"), metric)
    distances, nearest = made.search(queries, 9)
    np.testing.assert_array_equal(nearest, all_distances.argsort(axis=1)[:, :9])
    np.testing.assert_allclose(distances, np.sort(all_distances, axis=1)[:, :9], rtol=1e-5)


@pytest.mark.parametrize("device", ["faiss", "torch"])
def test_equal_rows_lie_at_zero_however_long_they_are(device: str) -> None:
    rows = unit_rows(ROWS, seed=15) * np.float32(1000)
    made = FaissCpuIndex(rows, "euclidean") if device == "faiss" else TorchIndex(rows, torch.device("cpu"), "euclidean")
    np.testing.assert_array_equal(made.search(rows[:200])[0], 0)


@pytest.mark.parametrize(("metric", "ratio"), [("cosine", 4), ("squared_euclidean", 4), ("euclidean", 2)])
def test_a_limit_of_cosine_distances_holds_for_others_as_they_grow(metric: Metric, ratio: float) -> None:
    away = np.array([[np.cos(angle), np.sin(angle)] for angle in (0.1, 0.2)], np.float32)
    near, far = FaissCpuIndex(np.array([[1, 0]], np.float32), metric).search(away)[0][:, 0]
    assert far / near == pytest.approx(ratio, rel=0.01)
    assert ratio_in(metric, 4) == ratio


@each_index
def test_an_index_gives_its_rows_back(make: Callable[[Rows], ExactIndex]) -> None:
    rows = unit_rows(ROWS, seed=14)
    np.testing.assert_array_equal(make(rows).row(17), rows[17])


@each_index
def test_an_index_says_how_many_bytes_its_rows_take(make: Callable[[Rows], ExactIndex]) -> None:
    assert make(unit_rows(ROWS, seed=4)).size_bytes == ROWS * WIDTH * 4


@pytest.mark.parametrize("queries_per_chunk", [1, 99, 100, 101, 500])
def test_chunks_of_queries_join_without_a_seam(monkeypatch: pytest.MonkeyPatch, queries_per_chunk: int) -> None:
    monkeypatch.setattr(index, "TORCH_CHUNK_ELEMENTS", queries_per_chunk * ROWS)
    rows, queries = unit_rows(ROWS, seed=5), unit_rows(200, seed=6)
    assert_exact(torch_on_cpu(rows).search(queries), queries, rows)


def test_a_bank_larger_than_a_chunk_is_searched_query_by_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "TORCH_CHUNK_ELEMENTS", ROWS - 1)
    rows, queries = unit_rows(ROWS, seed=7), unit_rows(3, seed=8)
    assert_exact(torch_on_cpu(rows).search(queries), queries, rows)


def test_on_the_cpu_faiss_searches() -> None:
    assert exact_index(unit_rows(ROWS, seed=9), "cpu").engine == "faiss-cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_gpu_is_not_called_a_full_one() -> None:
    with pytest.raises((RuntimeError, AssertionError), match=r"NVIDIA|CUDA"):
        exact_index(unit_rows(ROWS, seed=10), "cuda:0")


def test_a_search_that_fails_for_another_reason_is_not_called_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        torch_on_cpu(unit_rows(ROWS, seed=11)).search(np.zeros((1, WIDTH + 1), np.float32))


@pytest.mark.parametrize(("metric", "kind"), [("cosine", faiss.IndexFlatIP), ("squared_euclidean", faiss.IndexFlatL2)])
def test_rows_are_searched_where_they_lie_and_found_as_by_a_flat_index(metric: Metric, kind: Any) -> None:
    rows, queries, flat = unit_rows(ROWS, seed=14), unit_rows(30, seed=15), kind(WIDTH)
    flat.add(rows)
    made = FaissCpuIndex(rows, metric)
    np.testing.assert_array_equal(made.search(queries, 5)[1], flat.search(queries, 5)[1])
    if metric == "cosine":
        np.testing.assert_array_equal(made.search(queries, 5)[0], np.clip(1 - flat.search(queries, 5)[0], 0, 2))
    assert np.shares_memory(made.row(0), rows)
