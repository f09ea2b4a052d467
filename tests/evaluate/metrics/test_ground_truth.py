"""Ground truth: regions and what each of their pixels weighs."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.evaluate.metrics.ground_truth import ground_truth


def mask_of(*rows: str) -> NDArray[np.bool_]:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def test_pixels_are_flat_indices_and_weigh_one_over_their_region() -> None:
    truth = ground_truth(mask_of("##..", "....", "...#"))
    assert truth.shape == (3, 4)
    assert list(truth.pixels) == [0, 1, 11]
    assert list(truth.weights) == [0.5, 0.5, 1.0]
    assert truth.regions == 2


def test_pixels_that_touch_diagonally_are_one_region() -> None:
    truth = ground_truth(mask_of("#..", ".#.", "..#"))
    assert truth.regions == 1
    assert truth.weights == pytest.approx(1 / 3)


def test_regions_do_not_reach_around_the_border() -> None:
    assert ground_truth(mask_of("#..#", "....", "#..#")).regions == 4


def test_an_empty_mask_has_no_regions() -> None:
    truth = ground_truth(np.zeros((3, 4), np.bool_))
    assert (truth.regions, len(truth.pixels), len(truth.weights)) == (0, 0, 0)


def test_a_mask_without_a_normal_pixel_is_one_region() -> None:
    truth = ground_truth(np.ones((3, 4), np.bool_))
    assert (truth.regions, len(truth.pixels)) == (1, 12)


def test_the_weights_of_all_pixels_sum_to_the_number_of_regions() -> None:
    truth = ground_truth(np.random.default_rng(0).random((200, 300)) < 0.1)
    assert truth.weights.sum(dtype=np.float64) == pytest.approx(truth.regions)


def test_ground_truth_keeps_eight_bytes_for_an_anomalous_pixel() -> None:
    mask = np.zeros((1000, 1000), np.bool_)
    mask[:10, :10] = True
    truth = ground_truth(mask)
    assert truth.pixels.nbytes + truth.weights.nbytes == 800
