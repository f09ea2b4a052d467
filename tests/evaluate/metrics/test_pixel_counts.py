"""Pixels counted image by image: images drawn several times are as good as repeated, and coarse bins cost little."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.evaluate.kept.pixel_counts import PixelCounts, load_pixel_counts
from app.evaluate.metrics.ground_truth import GroundTruth, ground_truth
from app.evaluate.metrics.pixel import PixelHistogram
from app.evaluate.metrics.pixel_counts import PIXEL_METRICS, image_counts, together, weighted_pixel

Image = tuple[NDArray[np.float32], GroundTruth | None]


def image(seed: int, *, bad: bool, masked: bool = False) -> Image:
    """A smooth map with a defect that stands out a little; `masked` fades to nothing outside a disc."""
    rng = np.random.default_rng(seed)
    values = np.asarray(cv2.GaussianBlur(rng.uniform(0.05, 0.3, (60, 70)).astype(np.float32), (9, 9), 2))
    truth = np.zeros((60, 70), bool)
    if bad:
        truth[10:20, 12:30] = truth[40:44, 50:53] = True
        values = values + 0.06 * np.asarray(cv2.GaussianBlur(truth.astype(np.float32), (9, 9), 2))
    if masked:
        disc = cv2.circle(np.zeros((60, 70), np.float32), (35, 30), 20, 1.0, -1)
        values = values * np.asarray(cv2.GaussianBlur(disc, (15, 15), 3))
    return np.asarray(values, np.float32), ground_truth(truth) if bad else None


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("metric", PIXEL_METRICS)
def test_images_that_count_several_times_are_as_good_as_repeated(metric: str, masked: bool) -> None:
    images = [image(seed, bad=seed >= 4, masked=masked) for seed in range(8)]
    times = np.array([[1, 1, 1, 1, 1, 1, 1, 1], [0, 2, 1, 1, 3, 0, 1, 0]])
    found = weighted_pixel(metric, together([image_counts(*each) for each in images]), times.astype(float))
    for row, value in zip(times, found, strict=True):
        histogram = PixelHistogram()
        for (shown, truth), count in zip(images, row.tolist(), strict=True):
            for _ in range(count):
                histogram.add(shown, truth)
        exact = {"pixel_auroc": "auroc", "pixel_f1_max": "f1_max", "pro": "pro"}[metric]
        off = 0.01 if exact == "f1_max" else 0.002  # the largest F1 is looked for at the edges of bins alone
        assert value == pytest.approx(getattr(histogram.metrics(), exact), abs=off)


def test_counts_are_kept_and_read_again(tmp_path: Path) -> None:
    counts = together([image_counts(*image(0, bad=False)), image_counts(*image(1, bad=True, masked=True))])
    counts.save(tmp_path / "pixels" / "a.npz")
    read = load_pixel_counts(tmp_path / "pixels" / "a.npz")
    assert isinstance(read, PixelCounts)
    assert read.first == counts.first
    np.testing.assert_array_equal(read.counts, counts.counts)
    assert load_pixel_counts(tmp_path / "b.npz") is None
