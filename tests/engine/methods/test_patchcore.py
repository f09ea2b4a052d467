"""PatchCore's own parts beside slow implementations of the same formulas."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.bank.bank import MemoryBank, Segment
from app.engine.methods.patchcore import (
    WIDTH,
    PatchWeights,
    farthest_patch,
    joined_layers,
    neighbourhood_means,
    score_weights,
    support_weight,
)
from app.engine.types import Grid


def planes(channels: int, rows: int, columns: int, seed: int) -> torch.Tensor:
    drawn = np.random.default_rng(seed).standard_normal((1, channels, rows, columns))
    return torch.from_numpy(drawn.astype(np.float32))


def around(layer: torch.Tensor, row: int, column: int) -> torch.Tensor:
    """C×3×3, zeros beyond the border."""
    padded = torch.nn.functional.pad(layer, (1, 1, 1, 1))
    return padded[0, :, row : row + 3, column : column + 3]


def test_one_layer_is_its_neighbourhoods_averaged_to_1024() -> None:
    layer = planes(256, 4, 5, seed=1)
    found = joined_layers([layer])
    assert found.shape == (1, 20, WIDTH)
    values = around(layer, 2, 3).flatten()
    twice = torch.nn.functional.adaptive_avg_pool1d(values[None, None], WIDTH)
    np.testing.assert_allclose(found[0, 2 * 5 + 3], twice[0, 0], rtol=1e-5, atol=1e-6)


def test_a_coarser_layer_is_laid_over_the_first_one() -> None:
    fine, coarse = planes(120, 6, 6, seed=2), planes(200, 3, 3, seed=3)
    found = joined_layers([fine, coarse])[0]
    values = torch.stack([around(coarse, row, column).flatten() for row in range(3) for column in range(3)], dim=1)
    large = torch.nn.functional.interpolate(values.reshape(1, -1, 3, 3), (6, 6), mode="bilinear", align_corners=False)
    for row, column in [(0, 0), (2, 5), (4, 1)]:
        parts = [around(fine, row, column).flatten(), large[0, :, row, column]]
        narrow = [torch.nn.functional.adaptive_avg_pool1d(part[None, None], WIDTH) for part in parts]
        expected = torch.nn.functional.adaptive_avg_pool1d(torch.cat(narrow, dim=2), WIDTH)[0, 0]
        np.testing.assert_allclose(found[row * 6 + column], expected, rtol=1e-4, atol=1e-5)


def test_images_of_a_batch_do_not_mix() -> None:
    one, two = planes(16, 4, 4, seed=4), planes(16, 4, 4, seed=5)
    both = joined_layers([torch.cat([one, two])])
    np.testing.assert_allclose(both[1], joined_layers([two])[0], rtol=1e-6)


def test_neighbourhood_means_are_of_the_patches_that_there_are() -> None:
    values = np.random.default_rng(6).standard_normal((12, 5)).astype(np.float32)
    found = neighbourhood_means(values, Grid(3, 4)).reshape(3, 4, 5)
    grid = values.reshape(3, 4, 5)
    np.testing.assert_allclose(found[0, 0], grid[:2, :2].mean(axis=(0, 1)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1, 2], grid[0:3, 1:4].mean(axis=(0, 1)), rtol=1e-5, atol=1e-6)


def test_the_farthest_patch_is_one_that_is_scored() -> None:
    distances = np.array([1, 5, 3, 4], np.float32)
    assert farthest_patch(distances, np.array([True, False, True, True])) == 3
    assert farthest_patch(distances, np.zeros(4, bool)) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_the_weight_is_one_minus_the_share_of_the_nearest_row(seed: int) -> None:
    support = np.random.default_rng(seed).uniform(0, 6, 9).astype(np.float32)
    expected = 1 - np.exp(float(support[0])) / sum(np.exp(float(each)) for each in support)
    assert support_weight(float(support[0]), support) == pytest.approx(expected, rel=1e-6)


def test_large_distances_do_not_overflow() -> None:
    assert support_weight(5000.0, np.array([5000, 4000, 5001], np.float32)) == pytest.approx(1 - 1 / (1 + np.e))


def bank_of(rows: int) -> tuple[MemoryBank, np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    values = np.random.default_rng(7).standard_normal((rows, 6)).astype(np.float32)
    part = Segment(values, np.ones(rows, bool), (0.0,), Grid(1, rows), metric="euclidean")
    return MemoryBank([part], "cpu"), values


def weight(patch: np.ndarray[tuple[int], np.dtype[np.float32]], bank: MemoryBank) -> float:
    return float(score_weights(patch[None], np.ones(1, np.float32), bank, [np.ones(1, bool)])[0])


def test_a_patch_is_weighed_by_the_rows_around_its_nearest_one() -> None:
    bank, rows = bank_of(200)
    patch = np.random.default_rng(8).standard_normal(6).astype(np.float32) * 2
    away = np.linalg.norm(rows - patch, axis=1)
    nearest = int(away.argmin())
    support = np.linalg.norm(rows - rows[nearest], axis=1).argsort()[:9]
    expected = 1 - np.exp(away[nearest]) / np.exp(away[support]).sum()
    assert weight(patch, bank) == pytest.approx(expected, rel=1e-5)


def test_in_parts_a_bank_gives_the_weights_of_the_whole() -> None:
    whole, rows = bank_of(200)
    parts = [
        MemoryBank([Segment(each, np.ones(len(each), bool), (0.0,), Grid(1, len(each)), metric="euclidean")], "cpu")
        for each in (rows[:4], rows[4:120], rows[120:])
    ]
    patches = np.random.default_rng(9).standard_normal((5, 6)).astype(np.float32) * 2
    weighing = PatchWeights(patches)
    for part in parts:
        weighing.look_in(part)
    for part in parts:
        weighing.look_around(part)
    np.testing.assert_allclose(weighing.weights(), [weight(patch, whole) for patch in patches], rtol=1e-5)


def test_the_largest_distance_under_each_mask_is_weighed_and_no_other() -> None:
    bank, _ = bank_of(50)
    values = np.random.default_rng(10).standard_normal((4, 6)).astype(np.float32)
    distances, _ = bank.nearest(values)
    farthest = int(distances.argmax())
    others = np.arange(4) != farthest
    second = int(np.where(others, distances, -1).argmax())
    weights = score_weights(values, distances, bank, [np.ones(4, bool), others, np.zeros(4, bool)])
    assert set(np.flatnonzero(weights != 1)) == {farthest, second}


def test_in_a_bank_of_one_row_a_distance_counts_in_full() -> None:
    bank, _ = bank_of(1)
    assert weight(np.zeros(6, np.float32), bank) == 1
