"""Pixel metrics from the histogram, against the exact ones."""

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from app.engine.types import AnomalyMap
from app.evaluate.metrics.ground_truth import ground_truth
from app.evaluate.metrics.pixel import PixelHistogram, PixelMetrics
from tests.evaluate.metrics.exact import Masks, exact_auroc, exact_f1_max, exact_pro

UNDEFINED = PixelMetrics(None, None, None)


def histogram(maps: Sequence[AnomalyMap], masks: Masks) -> PixelHistogram:
    counted = PixelHistogram()
    for anomaly_map, mask in zip(maps, masks, strict=True):
        counted.add(anomaly_map, ground_truth(mask) if mask.any() else None)
    return counted


def assert_exact(maps: Sequence[AnomalyMap], masks: Masks, *, at_levels: bool = False) -> None:
    """Within the tolerances of the evaluation; `at_levels`: values so far apart that only rounding is left."""
    found = histogram(maps, masks).metrics()
    assert found.auroc == pytest.approx(exact_auroc(maps, masks), abs=1e-9 if at_levels else 1e-4)
    assert found.f1_max == pytest.approx(exact_f1_max(maps, masks), abs=1e-9 if at_levels else 1e-3)
    assert found.pro == pytest.approx(exact_pro(maps, masks), abs=1e-6 if at_levels else 5e-4)


def smooth_map(seed: int, height: int, width: int) -> AnomalyMap:
    noise = np.random.default_rng(seed).random((height, width))
    return np.asarray(gaussian_filter(noise, 2), np.float32)


def raised(anomaly_map: AnomalyMap, mask: NDArray[np.bool_]) -> AnomalyMap:
    return np.where(mask, anomaly_map + np.float32(0.05), anomaly_map)


def box(height: int, width: int, *boxes: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """A mask with rows `top:bottom` and columns `left:right` set, for each of `boxes`."""
    mask = np.zeros((height, width), np.bool_)
    for top, bottom, left, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def levels(*rows: str) -> AnomalyMap:
    return np.array([[int(level) / 9 for level in row] for row in rows], np.float32)


H, W = 192, 256
NORMAL = box(H, W)
MASKS = {
    "one region": box(H, W, (40, 80, 40, 120)),
    "regions large, small and of one pixel": box(H, W, (8, 120, 8, 120), (160, 176, 160, 200), (188, 189, 250, 251)),
    "regions at borders and corners": box(H, W, (0, 36, 0, 36), (160, 192, 220, 256), (80, 120, 0, 12)),
    "regions that touch diagonally": box(H, W, (20, 40, 20, 40), (40, 60, 40, 60)),
    "all but a few pixels": ~box(H, W, (12, 80, 12, 48)),
}
ONE_REGION = MASKS["one region"]


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_smooth_maps_give_the_exact_metrics(mask: NDArray[np.bool_]) -> None:
    assert_exact([raised(smooth_map(0, H, W), mask), smooth_map(1, H, W)], [mask, NORMAL])


def test_images_of_different_sizes_are_one_object() -> None:
    maps = [smooth_map(0, 160, 240), smooth_map(1, 288, 80), smooth_map(2, 1, 200)]
    assert_exact(maps, [box(160, 240, (20, 36, 20, 200)), box(288, 80, (240, 288, 0, 16)), box(1, 200)])


def test_an_image_may_be_anomalous_throughout() -> None:
    assert_exact([smooth_map(0, H, W), smooth_map(1, H, W)], [~NORMAL, NORMAL])


def test_very_small_values_keep_their_resolution() -> None:
    assert_exact([np.float32(1e-6) * raised(smooth_map(0, H, W), ONE_REGION)], [ONE_REGION])


def test_zeros_of_a_masked_background_are_one_level() -> None:
    foreground = box(H, W, (20, 120, 20, 240))
    masked = np.where(foreground, raised(smooth_map(0, H, W), ONE_REGION), np.float32(0))
    assert_exact([masked, np.zeros((120, 120), np.float32)], [ONE_REGION, box(120, 120, (0, 16, 0, 16))])


@pytest.mark.parametrize("value", [0.0, 1e-6, 0.3, 1.9])
def test_constant_maps_tell_nothing_apart(value: float) -> None:
    found = histogram([np.full((10, 10), value, np.float32)], [box(10, 10, (0, 2, 0, 5))]).metrics()
    assert (found.auroc, found.f1_max, found.pro) == pytest.approx((0.5, 2 * 10 / 110, 0.15))


def test_a_perfect_map_scores_one_and_an_inverted_one_nothing() -> None:
    mask = MASKS["regions large, small and of one pixel"]
    perfect, inverted = mask.astype(np.float32), (~mask).astype(np.float32)
    assert histogram([perfect], [mask]).metrics() == PixelMetrics(1.0, 1.0, 1.0)
    found = histogram([inverted], [mask]).metrics()
    assert (found.auroc, found.pro) == (0, 0)


def test_pro_weighs_regions_alike_whatever_their_size() -> None:
    large, small = (0, 2, 0, 2), (3, 4, 4, 5)
    found = histogram([levels("99000", "99000", "00000", "00000")], [box(4, 5, large, small)]).metrics()
    assert found.pro == pytest.approx((0.5 + 0.65) / 2)


def test_pro_is_interpolated_at_its_limit() -> None:
    found = histogram([levels("99900", "99000")], [box(2, 5, (0, 1, 0, 5))]).metrics()
    at_the_limit = 0.6 * 0.3 / 0.4
    assert found.pro == pytest.approx(at_the_limit / 2)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 9), st.floats(0.01, 0.9))
def test_maps_of_few_levels_give_the_exact_metrics(seed: int, images: int, highest: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    shapes = rng.integers(1, 12, (images, 2))
    maps = [(rng.integers(0, highest + 1, shape) / 9).astype(np.float32) for shape in shapes]
    masks = [rng.random(shape) < share for shape in shapes]
    anomalous = sum(int(mask.sum()) for mask in masks)
    if 0 < anomalous < sum(mask.size for mask in masks):
        assert_exact(maps, masks, at_levels=True)
    else:
        assert histogram(maps, masks).metrics() == UNDEFINED


def test_without_an_anomalous_or_a_normal_pixel_nothing_is_defined() -> None:
    values = smooth_map(0, 8, 8)
    assert PixelHistogram().metrics() == UNDEFINED
    assert histogram([values, values], [box(8, 8), box(8, 8)]).metrics() == UNDEFINED
    assert histogram([values], [np.ones((8, 8), np.bool_)]).metrics() == UNDEFINED


def test_an_empty_mask_is_a_normal_image() -> None:
    masked, unmasked = (histogram([smooth_map(0, H, W)], [ONE_REGION]) for _ in range(2))
    masked.add(smooth_map(1, H, W), ground_truth(NORMAL))
    unmasked.add(smooth_map(1, H, W), None)
    assert masked.metrics() == unmasked.metrics()


def test_merged_histograms_are_as_one() -> None:
    maps, masks = [smooth_map(seed, H, W) for seed in range(5)], list(MASKS.values())
    merged = histogram(maps[:2], masks[:2])
    merged.merge(histogram(maps[2:], masks[2:]))
    merged.merge(PixelHistogram())
    found, together = merged.metrics(), histogram(maps, masks).metrics()
    assert (found.auroc, found.f1_max) == (together.auroc, together.f1_max)
    assert found.pro == pytest.approx(together.pro, abs=1e-12)


def test_merging_leaves_the_other_histogram_as_it_was() -> None:
    total, other = PixelHistogram(), histogram([smooth_map(0, H, W)], [ONE_REGION])
    before = other.metrics()
    total.merge(other)
    total.add(smooth_map(1, H, W), ground_truth(ONE_REGION))
    assert other.metrics() == before


def test_negative_zero_is_zero() -> None:
    mask, values = box(4, 4, (0, 2, 0, 2)), levels("9900", "9000", "0000", "0000")
    signed = np.where(values == 0, np.float32(-0.0), values)
    assert histogram([signed], [mask]).metrics() == histogram([values], [mask]).metrics()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1e-6])
def test_values_that_no_distance_has_are_refused(value: float) -> None:
    values = smooth_map(0, 8, 8)
    values[3, 4] = value
    with pytest.raises(ValueError, match="negative or not finite"):
        PixelHistogram().add(values, None)


def test_a_ground_truth_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(8, 9\).*\(9, 8\)"):
        PixelHistogram().add(smooth_map(0, 8, 9), ground_truth(box(9, 8)))


def test_a_map_that_is_not_contiguous_is_read_in_row_major_order() -> None:
    turned = smooth_map(0, W, H).T
    copied = np.ascontiguousarray(turned)
    assert histogram([turned], [ONE_REGION]).metrics() == histogram([copied], [ONE_REGION]).metrics()


def test_memory_does_not_grow_with_the_number_of_images() -> None:
    tracemalloc.start()
    counted = histogram([smooth_map(0, H, W)], [ONE_REGION])
    after_one, _ = tracemalloc.get_traced_memory()
    for seed in range(1, 50):
        counted.add(smooth_map(seed, H, W), ground_truth(ONE_REGION))
    after_many, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after_many - after_one < 2**20


def test_memory_has_a_bound_whatever_the_values() -> None:
    every_octave = np.ldexp(np.ones(277, np.float32), np.arange(-149, 128))[None]
    tracemalloc.start()
    counted = PixelHistogram()
    counted.add(every_octave, None)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 49 * 2**20
