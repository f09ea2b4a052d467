import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.engine.backbone.spec import BackboneSpec
from app.engine.masking.foreground import first_component, foreground_mask, otsu_threshold, trusted
from tests.engine.masking.drawn import FIXED, OTSU, OTSU_CORE, disc_on_plain, grid_features, patch_statistics


def block(value: float, rows: slice, columns: slice, height: int = 10, width: int = 10) -> NDArray[np.float64]:
    values = np.zeros((height, width))
    values[rows, columns] = value
    return values


def test_the_first_component_follows_the_direction_of_most_variance() -> None:
    along = np.linspace(-5, 5, 50)
    values = np.stack([0.6 * along, 0.8 * along, 0.01 * np.cos(along)], axis=1) + 100
    np.testing.assert_allclose(first_component(values.astype(np.float32)), along, atol=1e-2)


def test_the_largest_loading_is_positive() -> None:
    along = np.linspace(-5, 5, 50)
    values = np.stack([0.6 * along, -0.8 * along], axis=1).astype(np.float32)
    np.testing.assert_allclose(first_component(values), -along, atol=1e-5)


def test_the_component_is_the_same_bytes_every_time() -> None:
    values = np.random.default_rng(0).normal(size=(300, 40)).astype(np.float32)
    assert first_component(values).tobytes() == first_component(values.copy()).tobytes()


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=40))
def test_no_other_threshold_leaves_less_variance_within_the_classes(numbers: list[int]) -> None:
    def within(threshold: float) -> float:
        classes = [scores[scores > threshold], scores[scores <= threshold]]
        return float(sum(((each - each.mean()) ** 2).sum() for each in classes if each.size))

    scores = np.array(numbers, np.float32)
    best = min(within(float(threshold)) for threshold in scores)
    assert within(otsu_threshold(scores)) == pytest.approx(best, rel=1e-5, abs=1e-4)


def test_the_paper_takes_the_negative_side_when_the_central_window_lies_there() -> None:
    mask = foreground_mask(grid_features(block(-40, slice(2, 8), slice(3, 11), width=14)), FIXED, "paper")
    expected = np.zeros((10, 14), bool)
    expected[2:8, 2:12] = True
    np.testing.assert_array_equal(mask.reshape(10, 14), expected)


def test_the_papers_morphology_wraps_at_the_ends_of_rows() -> None:
    mask = foreground_mask(grid_features(block(40, slice(3, 7), slice(3, 10))), FIXED, "paper")
    np.testing.assert_array_equal(np.flatnonzero(mask), np.arange(32, 71))


def test_the_robust_morphology_grows_in_both_directions_and_does_not_wrap() -> None:
    mask = foreground_mask(grid_features(block(40, slice(3, 7), slice(3, 10))), FIXED, "robust")
    expected = np.zeros((10, 10), bool)
    expected[2:8, 2:] = True
    np.testing.assert_array_equal(mask.reshape(10, 10), expected)


@pytest.mark.parametrize("value", [40.0, -40.0])
def test_robust_finds_a_small_object_on_either_side_of_the_component(value: float) -> None:
    mask = foreground_mask(grid_features(block(value, slice(4, 6), slice(6, 9))), FIXED, "robust")
    assert mask.reshape(10, 10)[4:6, 6:9].all()
    assert mask.mean() == pytest.approx(0.2)


def test_the_paper_takes_the_background_for_a_small_object() -> None:
    mask = foreground_mask(patch_statistics(disc_on_plain(0.08)), OTSU, "paper")
    assert not mask.reshape(28, 28)[14, 14]


@pytest.mark.parametrize("rule", [OTSU, OTSU_CORE], ids=lambda rule: rule.mask_rule)
@pytest.mark.parametrize("share", [0.05, 0.1, 0.25, 0.4])
def test_the_otsu_rules_keep_the_object_and_little_else(share: float, rule: BackboneSpec) -> None:
    mask = foreground_mask(patch_statistics(disc_on_plain(share)), rule, "robust").reshape(28, 28)
    rows, columns = np.mgrid[:28, :28] - 13.5
    distance = np.hypot(rows, columns)
    radius = 28 * np.sqrt(share / np.pi)
    assert mask[distance < radius - 1].all()
    assert not mask[distance > radius + 1].any()


def test_the_core_rule_leaves_out_the_ring_that_carries_some_of_the_object() -> None:
    values = block(40, slice(8, 16), slice(8, 16), height=24, width=24)
    ring = block(25, slice(7, 17), slice(7, 17), height=24, width=24)
    features = grid_features(np.maximum(values, ring))
    np.testing.assert_array_equal(foreground_mask(features, OTSU, "robust"), ring.ravel() > 0)
    np.testing.assert_array_equal(foreground_mask(features, OTSU_CORE, "robust"), values.ravel() > 0)


def test_the_otsu_rule_drops_stray_patches() -> None:
    image = disc_on_plain(0.2)
    image[:16, :16] = (120, 70, 40)
    assert not foreground_mask(patch_statistics(image), OTSU, "robust").reshape(28, 28)[:4, :4].any()


def test_an_image_of_one_colour_has_no_foreground() -> None:
    assert not foreground_mask(grid_features(np.full((10, 10), 7.0)), OTSU, "robust").any()


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, False), (0.09, False), (0.11, True), (0.44, True), (0.46, False)]
)
def test_a_mask_is_trusted_near_what_the_references_show(share: float, expected: bool) -> None:
    mask = np.arange(100) < 100 * share
    assert trusted(mask, [0.2, 0.25, 0.3]) is expected
