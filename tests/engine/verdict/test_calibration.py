"""What a threshold promises is kept."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.bank.left_out import LeftOut
from app.engine.verdict.calibration import (
    OUTLYING_RATIO,
    REGION_STATISTIC,
    TooFewGoodImages,
    conformal,
    is_not_ok,
    outlying,
    p_value,
    provisional,
    score_normalized,
)
from app.engine.verdict.left_out_scores import decided_scores
from app.engine.verdict.scoring import image_score
from app.errors import InvalidSettings

PRODUCTS = 5_000


def standard_error(rates: NDArray[np.float64]) -> float:
    return float(rates.std(ddof=1) / np.sqrt(len(rates)))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_references_set_no_threshold(count: int) -> None:
    assert provisional([0.1] * count) is None


def test_the_threshold_is_the_largest_score_and_tells_its_promise() -> None:
    threshold = provisional([0.2, 0.3, 0.1, 0.25])
    assert threshold is not None
    assert (threshold.value, threshold.good_images, threshold.expected_false_alarm_rate) == (0.3, 4, 0.2)
    assert threshold.false_alarm_rate_95 == pytest.approx(1 - 0.05**0.25)


@pytest.mark.parametrize(("count", "rate"), [(59, 0.05), (299, 0.01)])
def test_with_many_images_the_maximum_certifies_a_small_rate(count: int, rate: float) -> None:
    threshold = provisional(list(np.linspace(0, 1, count)))
    assert threshold is not None
    assert threshold.false_alarm_rate_95 <= rate
    fewer = provisional([0.0] * (count - 1))
    assert fewer is not None
    assert fewer.false_alarm_rate_95 > rate


@pytest.mark.parametrize("count", [3, 8, 20])
def test_the_promises_hold_over_many_simulated_products(count: int) -> None:
    random = np.random.default_rng(count)
    products = 20_000
    limits = random.lognormal(size=(products, count)).max(axis=1)
    alarms = random.lognormal(size=products) > limits
    expected = 1 / (count + 1)
    assert alarms.mean() == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / products))
    threshold = provisional([0.0] * count)
    assert threshold is not None
    share_above = (random.lognormal(size=(200, 4000)) > limits[:200, None]).mean(axis=1)
    assert (share_above > threshold.false_alarm_rate_95).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def nearest(parts: NDArray[np.float64], references: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each part (…, 3) to the nearest reference."""
    return np.asarray(np.linalg.norm(parts[:, None] - references[None], axis=2).min(axis=1))


@pytest.mark.parametrize("count", [3, 8])
def test_the_provisional_promise_holds_where_left_out_scores_share_references(count: int) -> None:
    random = np.random.default_rng(count)
    rates = []
    for _ in range(1000):
        references = random.standard_normal((count, 3))
        others = [np.delete(references, each, axis=0) for each in range(count)]
        left_out = [float(nearest(each[None], rest)[0]) for each, rest in zip(references, others, strict=True)]
        threshold = provisional(left_out)
        assert threshold is not None
        rates.append((nearest(random.standard_normal((200, 3)), references) > threshold.value).mean())
    promise = 1 / (count + 1)
    assert promise / 3 <= np.mean(rates) <= promise + 2 * standard_error(np.array(rates))


@pytest.mark.parametrize(("count", "alpha", "rank"), [(19, 0.05, 19), (39, 0.05, 38), (99, 0.01, 99), (99, 0.29, 71)])
def test_the_conformal_threshold_is_the_score_of_the_right_rank(count: int, alpha: float, rank: int) -> None:
    scores = np.random.default_rng(0).permutation(count) + 1.0
    threshold = conformal(list(scores), alpha)
    assert (threshold.value, threshold.good_images) == (rank, count)
    assert threshold.expected_false_alarm_rate == pytest.approx(alpha)


@pytest.mark.parametrize(("count", "alpha", "rate"), [(59, 1 / 60, 0.05), (299, 1 / 300, 0.01)])
def test_the_rate_with_95_percent_confidence_at_the_maximum(count: int, alpha: float, rate: float) -> None:
    assert conformal([0.0] * count, alpha).false_alarm_rate_95 == pytest.approx(rate, abs=0.0005)
    assert conformal([0.0] * count, alpha).false_alarm_rate_95 == pytest.approx(1 - 0.05 ** (1 / count))


@pytest.mark.parametrize(("count", "alpha"), [(19, 0.05), (50, 0.1), (99, 0.01), (150, 0.05)])
def test_the_conformal_promises_hold_over_many_simulated_products(count: int, alpha: float) -> None:
    random = np.random.default_rng(count)
    # the scores of a product are uniform, so the share of good parts above a threshold is 1 minus the threshold
    thresholds = [conformal(list(random.random(count)), alpha) for _ in range(PRODUCTS)]
    rates = 1 - np.array([each.value for each in thresholds])
    promised, error = thresholds[0].expected_false_alarm_rate, standard_error(rates)
    assert promised <= alpha
    assert promised - 3 * error <= rates.mean() <= promised + 2 * error
    broken = (rates > thresholds[0].false_alarm_rate_95).mean()
    assert broken == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / PRODUCTS))


def test_equal_scores_only_lower_the_rate_of_false_alarms() -> None:
    random = np.random.default_rng(1)
    drawn = random.integers(0, 10, (PRODUCTS, 40))
    alarms = [is_not_ok(row[-1], conformal(list(row[:-1]), 0.1).value) for row in drawn]
    assert np.mean(alarms) <= 0.1


@pytest.mark.parametrize(
    ("count", "alpha", "told"),
    [
        (38, 0.01, "needs 99 good images, there are 38: add 61 more, or set alpha to 0.0257 or more"),
        (18, 0.05, "needs 19 good images, there are 18: add 1 more, or set alpha to 0.0527 or more"),
        (0, 0.05, "needs 19 good images, there are 0: add 19 more."),
    ],
)
def test_too_few_images_are_refused_with_what_they_allow(count: int, alpha: float, told: str) -> None:
    with pytest.raises(TooFewGoodImages, match=told):
        conformal([0.0] * count, alpha)


@pytest.mark.parametrize("count", [1, 2, 6, 18, 38, 1000])
def test_the_alpha_that_a_refusal_names_is_not_refused(count: int) -> None:
    with pytest.raises(TooFewGoodImages) as refused:
        conformal([0.0] * count, 0.0001)
    allowed = float(str(refused.value).split("set alpha to ")[1].split()[0])
    assert conformal([0.0] * count, allowed).good_images == count


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 5.0, float("nan")])
def test_an_alpha_that_is_no_share_is_refused(alpha: float) -> None:
    with pytest.raises(InvalidSettings, match="more than 0 and less than 1"):
        conformal([0.0] * 100, alpha)


def test_the_p_value_counts_the_good_ones_that_are_as_odd() -> None:
    scores = [0.1, 0.2, 0.2, 0.3]
    assert [p_value(each, scores) for each in (0.05, 0.2, 0.3, 0.4)] == [1.0, 0.8, 0.4, 0.2]


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.29, 0.5])
def test_a_p_value_of_at_most_alpha_is_a_score_above_the_threshold(alpha: float) -> None:
    random = np.random.default_rng(2)
    for count in range(19, 60):
        scores = list(random.integers(0, 30, count) / 7)
        threshold = conformal(scores, alpha)
        for score in (*scores, 5.0):
            assert is_not_ok(score, threshold.value) == (p_value(score, scores) <= alpha)


def test_a_score_equal_to_the_threshold_is_still_that_of_a_good_part() -> None:
    assert not is_not_ok(0.3, 0.3)
    assert is_not_ok(float(np.nextafter(0.3, 1)), 0.3)
    assert score_normalized(0.3, 0.3) == 1.0
    assert score_normalized(0.6, 0.3) == pytest.approx(2.0)


def test_what_gets_no_verdict_is_told_beside_the_promise_and_changes_nothing_of_it() -> None:
    scores = [float(each) for each in range(19)]
    with_some, without = conformal(scores, 0.05, undecidable=1), conformal(scores, 0.05)
    assert (with_some.undecidable_share, without.undecidable_share) == (0.05, 0.0)
    assert with_some.expected_false_alarm_rate == without.expected_false_alarm_rate


@pytest.mark.parametrize(
    ("threshold", "scores", "ratio"),
    [
        (3.0, [1.0, 2.0, 3.0], OUTLYING_RATIO),
        (2.0, [1.0, 2.0, 9.0], 2.0),
        (1.1, [0.9, 1.0, 1.1], None),
        (1.0, [1.0, 1.0], None),
        (1.0, [0.0, 1.0], None),
    ],
)
def test_a_threshold_far_above_the_next_score_is_told(
    threshold: float, scores: list[float], ratio: float | None
) -> None:
    assert outlying(threshold, scores) == ratio


def test_nothing_is_a_multiple_of_a_threshold_of_zero() -> None:
    assert score_normalized(0.1, 0.0) is None
    assert is_not_ok(1e-9, 0.0)


def test_few_good_images_show_a_region_at_all() -> None:
    random = np.random.default_rng(3)
    count, patches, alpha = 39, 64, 0.05
    everything = np.ones(patches, bool)
    shown = []
    for _ in range(500):
        images = random.gamma(2, size=(count + 20, patches)).astype(np.float32)
        largest = [image_score(each, everything, REGION_STATISTIC) for each in images[:count]]
        threshold = conformal(largest, alpha)
        shown.append((images[count:] > threshold.value).any(axis=1).mean())
    assert alpha / 2 <= np.mean(shown) <= alpha + 2 * standard_error(np.array(shown))


def test_the_region_threshold_of_references_is_their_largest_left_out_distance() -> None:
    random = np.random.default_rng(4)
    everything = np.ones(16, bool)
    distances = random.random((4, 16)).astype(np.float32)
    table = [LeftOut(each, np.zeros(16, np.int32), everything) for each in distances]
    threshold = provisional(decided_scores(table, None, "robust", REGION_STATISTIC))
    assert threshold is not None
    assert threshold.value == distances.max()
