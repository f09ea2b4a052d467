"""Image metrics: known numbers, ties, one class alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluate.metrics.image import ImageMetrics, image_metrics, roc_points

BAD = np.array([False, False, True, True])


def test_a_perfect_order_scores_one_throughout() -> None:
    assert image_metrics(np.array([0.1, 0.2, 0.3, 0.4]), BAD) == ImageMetrics(1.0, 1.0, 1.0)


def test_a_swapped_pair_costs_what_the_definitions_say() -> None:
    found = image_metrics(np.array([0.1, 0.3, 0.2, 0.4]), BAD)
    assert found.auroc == pytest.approx(3 / 4)
    assert found.ap == pytest.approx((1 + 2 / 3) / 2)
    assert found.f1_max == pytest.approx(2 * 2 / (2 * 2 + 1))


def test_ties_count_half_for_the_auroc_and_whole_for_the_rest() -> None:
    found = image_metrics(np.full(4, 0.25), BAD)
    assert (found.auroc, found.ap, found.f1_max) == pytest.approx((0.5, 0.5, 2 / 3))


def test_f1_is_not_undefined_where_the_highest_score_is_a_good_image() -> None:
    assert image_metrics(np.array([0.9, 0.1, 0.5, 0.6]), BAD).f1_max == pytest.approx(0.8)


@pytest.mark.parametrize("bad", [True, False])
def test_one_class_alone_gives_no_numbers_and_no_curve(bad: bool) -> None:
    scores, labels = np.array([0.1, 0.2]), np.full(2, bad)
    assert image_metrics(scores, labels) == ImageMetrics(None, None, None)
    assert [len(rates) for rates in roc_points(scores, labels)] == [0, 0]


def test_no_images_give_no_numbers() -> None:
    assert image_metrics(np.empty(0), np.empty(0, np.bool_)) == ImageMetrics(None, None, None)


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        image_metrics(np.array([0.1, np.nan, 0.2, 0.3]), BAD)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_f1_max_is_the_best_over_every_threshold(images: list[tuple[int, bool]]) -> None:
    scores = np.array([score / 5 for score, _ in images])
    bad = np.array([label for _, label in images])
    if bad.any() and not bad.all():
        each = [2 * (bad & (scores >= t)).sum() / ((scores >= t).sum() + bad.sum()) for t in scores]
        assert image_metrics(scores, bad).f1_max == pytest.approx(max(each))


def test_the_area_under_the_roc_points_is_the_auroc() -> None:
    scores, bad = np.random.default_rng(0).random(50), np.arange(50) % 3 == 0
    fpr, tpr = roc_points(scores, bad)
    assert np.trapezoid(tpr, fpr) == pytest.approx(image_metrics(scores, bad).auroc)
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
