"""Batched zero-shot: agrees with the full matrix of distances, without ever making it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine import zero_shot
from app.engine.device.faiss_torch import torch
from app.engine.options import ZeroShotAggregation
from app.engine.types import Distances, Geometry, Grid, PatchFeatures, Size
from app.engine.zero_shot import ZeroShotBatch

Rows = NDArray[np.float32]
WIDTH = 16
SMALL, LARGE = Grid(12, 25), Grid(40, 60)
each_aggregation = pytest.mark.parametrize("aggregation", ["quantile", "musc"])


def patches(values: Rows, grid: Grid) -> PatchFeatures:
    size = Size(grid.rows * 14, grid.columns * 14)
    return PatchFeatures(values, Geometry(size, size, size, grid))


def column(values: Rows) -> PatchFeatures:
    return patches(values, Grid(len(values), 1))


def drawn(*grids: Grid, seed: int = 0) -> list[PatchFeatures]:
    random = np.random.default_rng(seed)
    return [patches(random.standard_normal((grid.patches, WIDTH), dtype=np.float32), grid) for grid in grids]


def distances_to(features: list[PatchFeatures], position: int) -> list[NDArray[np.float64]]:
    """All cosine distances to each other image: one matrix per image."""
    rows = [each.values.astype(np.float64) for each in features]
    unit = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in rows]
    return [np.maximum(1 - unit[position] @ each.T, 0) for other, each in enumerate(unit) if other != position]


def naive_quantile(features: list[PatchFeatures], position: int) -> NDArray[np.float64]:
    matrix = np.concatenate(distances_to(features, position), axis=1)
    k = int(0.001 * matrix.shape[1])
    return np.array([_below_kth(np.sort(row), k) for row in matrix])


def _below_kth(ascending: NDArray[np.float64], k: int) -> float:
    below = ascending[ascending < ascending[max(k, 1) - 1]]
    return float(below.mean() if len(below) else ascending[0])


def naive_musc(features: list[PatchFeatures], position: int) -> NDArray[np.float64]:
    minima = np.sort([matrix.min(axis=1) for matrix in distances_to(features, position)], axis=0)
    return np.asarray(minima[: max(1, int(0.3 * len(minima)))].mean(axis=0))


NAIVE: dict[str, Callable[[list[PatchFeatures], int], NDArray[np.float64]]] = {
    "quantile": naive_quantile,
    "musc": naive_musc,
}


def found(features: list[PatchFeatures], position: int, aggregation: ZeroShotAggregation) -> Distances:
    return ZeroShotBatch(features, "cpu").distances(position, aggregation)


@each_aggregation
@pytest.mark.parametrize("position", [0, 2, 7])
@pytest.mark.parametrize("chunk_elements", [zero_shot.CHUNK_ELEMENTS, 300 * 77, 1])
def test_every_chunk_size_gives_what_the_full_matrix_gives(
    monkeypatch: pytest.MonkeyPatch, aggregation: ZeroShotAggregation, position: int, chunk_elements: int
) -> None:
    monkeypatch.setattr(zero_shot, "CHUNK_ELEMENTS", chunk_elements)
    features = drawn(*[SMALL] * 5, Grid(10, 11), Grid(30, 45), SMALL)
    expected = NAIVE[aggregation](features, position)
    np.testing.assert_allclose(found(features, position, aggregation), expected, atol=1e-6)


@each_aggregation
@pytest.mark.parametrize("count", [2, 3, 8])
def test_a_bank_of_fewer_than_two_thousand_patches_is_searched_too(
    aggregation: ZeroShotAggregation, count: int
) -> None:
    features = drawn(*[Grid(10, 12)] * count)
    np.testing.assert_allclose(found(features, 1, aggregation), NAIVE[aggregation](features, 1), atol=1e-6)


def test_without_a_second_smallest_the_smallest_counts() -> None:
    features = drawn(Grid(3, 3), Grid(40, 49))
    smallest = distances_to(features, 0)[0].min(axis=1)
    np.testing.assert_allclose(found(features, 0, "quantile"), smallest, atol=1e-6)


def unit_axes(axes: list[int]) -> Rows:
    """Rows along the axes: their inner products have no rounding, so that ties are ties."""
    return np.eye(WIDTH, dtype=np.float32)[axes]


def test_distances_that_tie_with_the_kth_smallest_do_not_count() -> None:
    halfway = np.sqrt(np.float32(0.5)) * (unit_axes([0]) + unit_axes([1]))
    bank = np.concatenate([halfway, unit_axes([1] * 4999)])
    features = [column(unit_axes([0])), column(bank)]
    np.testing.assert_allclose(found(features, 0, "quantile"), [1 - np.sqrt(0.5)], atol=1e-6)


def test_where_ties_leave_none_below_the_smallest_counts() -> None:
    features = [column(unit_axes([0])), column(unit_axes([1] * 5000))]
    np.testing.assert_array_equal(found(features, 0, "quantile"), [1])


@each_aggregation
def test_an_image_sent_twice_has_no_negative_distances(aggregation: ZeroShotAggregation) -> None:
    [image] = drawn(LARGE)
    assert found([image, image], 0, aggregation).min() >= 0


@each_aggregation
def test_an_image_is_not_compared_with_itself(aggregation: ZeroShotAggregation) -> None:
    features = [column(unit_axes([0] * 20)), column(unit_axes([1] * 20)), column(unit_axes([2] * 20))]
    np.testing.assert_array_equal(found(features, 0, aggregation), np.ones(20))


@each_aggregation
def test_an_image_may_be_compared_with_some_of_the_others_alone(aggregation: ZeroShotAggregation) -> None:
    features = drawn(*[SMALL] * 6)
    some = ZeroShotBatch(features, "cpu").distances(2, aggregation, {5, 2, 0})
    alone = found([features[0], features[2], features[5]], 1, aggregation)
    np.testing.assert_array_equal(some, alone)


@each_aggregation
def test_where_no_other_is_left_the_search_is_refused(aggregation: ZeroShotAggregation) -> None:
    with pytest.raises(ValueError, match="two images"):
        ZeroShotBatch(drawn(SMALL, SMALL), "cpu").search(1, aggregation, ())


@each_aggregation
def test_the_length_of_patch_features_does_not_matter(aggregation: ZeroShotAggregation) -> None:
    features = drawn(SMALL, SMALL, SMALL)
    longer = [patches(each.values * 50, SMALL) for each in features]
    np.testing.assert_allclose(found(longer, 0, aggregation), found(features, 0, aggregation), atol=1e-6)


class LargestTensor(torch.overrides.TorchFunctionMode):
    """Notes the size of the largest tensor that any operation makes."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        for each in made if isinstance(made, tuple) else (made,):
            if isinstance(each, torch.Tensor):
                self.elements = max(self.elements, each.numel())
        return made


@each_aggregation
def test_no_array_is_larger_than_a_chunk_and_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, aggregation: ZeroShotAggregation
) -> None:
    monkeypatch.setattr(zero_shot, "CHUNK_ELEMENTS", 100 * SMALL.patches)
    features = drawn(*[SMALL] * 12)
    kept = SMALL.patches * {"quantile": 3, "musc": 11}[aggregation]
    batch = ZeroShotBatch(features, "cpu")
    with LargestTensor() as largest:
        batch.distances(0, aggregation)
    assert 100 * SMALL.patches <= largest.elements <= 100 * SMALL.patches + kept


@each_aggregation
def test_chunks_may_come_in_any_order(monkeypatch: pytest.MonkeyPatch, aggregation: ZeroShotAggregation) -> None:
    monkeypatch.setattr(zero_shot, "CHUNK_ELEMENTS", 100 * SMALL.patches)
    batch = ZeroShotBatch(drawn(*[SMALL] * 8), "cpu")
    search = batch.search(3, aggregation)
    for chunk in reversed(list(search.chunks())):
        search.add(chunk)
    np.testing.assert_allclose(search.distances(), batch.distances(3, aggregation), atol=1e-6)


@each_aggregation
@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_are_refused(aggregation: ZeroShotAggregation, count: int) -> None:
    with pytest.raises(ValueError, match="two images"):
        found(drawn(*[SMALL] * count), 0, aggregation)


@pytest.mark.parametrize("position", [-1, 2])
def test_a_position_outside_of_the_batch_is_refused(position: int) -> None:
    with pytest.raises(IndexError, match="the batch has 2"):
        found(drawn(SMALL, SMALL), position, "quantile")
