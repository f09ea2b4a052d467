"""Image score and anomaly map."""

from typing import get_args

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from app.engine.options import Profile, Statistic
from app.engine.types import Geometry, Grid, Size
from app.engine.verdict.scoring import anomaly_map, image_score, unmoved_share

GRID = Grid(20, 20)
DISTANCES = np.random.default_rng(0).random(400).astype(np.float32)
EVERYTHING = np.ones(400, bool)
SORTED = np.sort(DISTANCES)[::-1]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        (Statistic(), SORTED[:4].mean()),
        (Statistic("max"), SORTED[0]),
        (Statistic("mean_topk", k=10), SORTED[:10].mean()),
        (Statistic("mean_topk", k=10_000), SORTED.mean()),
        (Statistic("percentile", q=50), np.percentile(DISTANCES, 50)),
    ],
)
def test_each_statistic_is_what_its_name_says(statistic: Statistic, expected: float) -> None:
    assert image_score(DISTANCES, EVERYTHING, statistic) == pytest.approx(float(expected), abs=1e-6)


def test_fewer_than_a_hundred_patches_give_the_maximum() -> None:
    assert image_score(DISTANCES[:99], EVERYTHING[:99], Statistic()) == pytest.approx(float(DISTANCES[:99].max()))


def test_the_whole_grid_counts_unless_only_the_foreground_is_asked_for() -> None:
    mask = np.zeros(400, bool)
    mask[:2] = True
    masked = np.where(mask, np.float32(0.5), np.float32(0))
    assert image_score(masked, mask, Statistic()) == pytest.approx(0.25)
    assert image_score(masked, mask, Statistic(foreground_only=True)) == pytest.approx(0.5)


def test_no_foreground_at_all_scores_zero_when_only_it_counts() -> None:
    assert image_score(DISTANCES, np.zeros(400, bool), Statistic(foreground_only=True)) == 0.0


@pytest.mark.parametrize(
    ("statistic", "fraction", "unmoved"),
    [
        (Statistic(), 0.1, 0.0),
        (Statistic("mean_topk", k=10_000), 0.1, 0.0),
        (Statistic("percentile", q=95), 1.0, 0.05),
        (Statistic("percentile", q=95), 0.2, 0.25),
        (Statistic("percentile", q=50), 0.5, 1.0),
        (Statistic("percentile", q=95, foreground_only=True), 0.2, 0.05),
        (Statistic("max"), 0.0, 1.0),
    ],
)
def test_a_percentile_leaves_out_the_largest_and_counts_the_background(
    statistic: Statistic, fraction: float, unmoved: float
) -> None:
    assert unmoved_share(statistic, fraction) == pytest.approx(unmoved)


def test_the_smoothing_is_that_of_scipy() -> None:
    geometry = Geometry(Size(280, 280), Size(280, 280), Size(280, 280), GRID)
    upsampled = cv2.resize(DISTANCES.reshape(20, 20), (280, 280), interpolation=cv2.INTER_LINEAR)
    expected = gaussian_filter(upsampled, sigma=4, mode="reflect", truncate=4)
    np.testing.assert_allclose(anomaly_map(DISTANCES, geometry, "paper"), expected, atol=1e-6)


def test_robust_leaves_patches_where_they_are_and_paper_stretches_them() -> None:
    """40 px of 320 are cropped off on the right; the hot column of patches ends at 280."""
    geometry = Geometry(Size(280, 320), Size(280, 320), Size(280, 280), GRID)
    hot = np.zeros((20, 20), np.float32)
    hot[:, 10] = 1
    robust, paper = (int(anomaly_map(hot.ravel(), geometry, profile)[140].argmax()) for profile in get_args(Profile))
    assert abs(robust - 147) <= 1
    assert abs(paper - 168) <= 1


@pytest.mark.parametrize("original", [Size(1024, 1024), Size(3000, 4000), Size(600, 811)])
@pytest.mark.parametrize("cropped", [0, 10])
def test_a_map_made_small_at_once_is_that_of_the_photograph_averaged_down(original: Size, cropped: int) -> None:
    """Every patch has another distance here, which is the worst case; on photographs neighbours are alike."""
    grid = Grid(32, 32 * original.width // original.height)
    seen = Size(14 * grid.rows, 14 * grid.columns)
    geometry = Geometry(original, Size(seen.height, seen.width + cropped), seen, grid)
    distances = np.random.default_rng(0).random(grid.patches).astype(np.float32)
    small = Size(448, round(448 * original.width / original.height))
    averaged = cv2.resize(
        anomaly_map(distances, geometry, "robust"), (small.width, small.height), interpolation=cv2.INTER_AREA
    )
    at_once = anomaly_map(distances, geometry, "robust", small)
    assert np.abs(at_once - averaged).max() < 0.03
