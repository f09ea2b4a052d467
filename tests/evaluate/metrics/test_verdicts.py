"""Rates at the service's threshold and at the oracle's: ties, one class alone, no threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.verdict.calibration import Threshold, provisional
from app.evaluate.metrics.image import best_threshold, image_metrics
from app.evaluate.metrics.verdicts import verdicts

BAD = np.array([False, False, True, True])
SCORES = np.array([0.1, 0.3, 0.2, 0.4])


def at(value: float) -> Threshold | None:
    return provisional([0.0, 0.0, value])


def test_the_rates_are_the_shares_above_the_threshold() -> None:
    found = verdicts(SCORES, BAD, at(0.15))
    assert (found.threshold, found.promised_false_alarm_rate) == (0.15, 0.25)
    assert found.false_alarm_rate_95 == pytest.approx(1 - 0.05 ** (1 / 3))
    assert (found.false_alarm_rate, found.detection_rate) == (0.5, 1.0)


def test_a_score_equal_to_the_threshold_is_ok() -> None:
    at_good, at_bad = (verdicts(SCORES, BAD, at(value)) for value in (0.3, 0.4))
    assert (at_good.false_alarm_rate, at_good.detection_rate) == (0.0, 0.5)
    assert (at_bad.false_alarm_rate, at_bad.detection_rate) == (0.0, 0.0)


def test_without_a_threshold_the_oracle_is_left() -> None:
    found = verdicts(SCORES, BAD, None)
    assert (found.threshold, found.promised_false_alarm_rate, found.false_alarm_rate_95) == (None, None, None)
    assert (found.false_alarm_rate, found.detection_rate) == (None, None)
    assert (found.oracle_false_alarm_rate, found.oracle_detection_rate) == (0.5, 1.0)  # F1 4/5: above 0.1


def test_of_equal_f1_the_oracle_takes_the_fewest_false_alarms() -> None:
    bad = np.array([True, False, False, True])
    scores = np.array([0.4, 0.3, 0.2, 0.1])  # F1 from the top: 2/3, 2/4, 2/5, 4/6
    assert verdicts(scores, bad, None).oracle_false_alarm_rate == 0
    assert verdicts(scores, bad, None).oracle_detection_rate == 0.5


@pytest.mark.parametrize("bad", [True, False])
def test_one_class_alone_has_a_rate_of_its_own_and_no_oracle(bad: bool) -> None:
    found = verdicts(SCORES, np.full(4, bad), at(0.15))
    assert (found.false_alarm_rate, found.detection_rate) == ((None, 0.75) if bad else (0.75, None))
    assert (found.oracle_threshold, found.oracle_false_alarm_rate, found.oracle_detection_rate) == (None, None, None)


@pytest.mark.parametrize(("good", "held_out", "promised"), [(9, 4, 1 / 5), (38, 19, 1 / 20), (60, 30, 1 / 31)])
def test_half_of_the_good_images_calibrate_and_the_others_are_counted(
    good: int, held_out: int, promised: float
) -> None:
    scores, bad = np.arange(good + 2) / 10, np.arange(good + 2) >= good
    found = verdicts(scores, bad, None, seed=1)
    assert (found.calibration_images, found.calibrated_detection_rate) == (held_out, 1)
    assert found.calibrated_promised_rate == pytest.approx(promised)
    threshold, rate = found.calibrated_threshold, found.calibrated_false_alarm_rate
    assert threshold is not None
    assert rate is not None
    above = scores[~bad] > threshold
    assert above.sum() == pytest.approx(rate * (good - held_out))


def test_the_same_images_are_held_out_whatever_scored_them() -> None:
    bad = np.arange(40) >= 30
    ranks = [verdicts(np.where(bad, 2.0, order), bad, None, seed=3) for order in (np.arange(40.0), np.arange(40.0) * 2)]
    assert ranks[1].calibrated_threshold == 2 * (ranks[0].calibrated_threshold or 0)


def test_without_good_images_nothing_is_calibrated() -> None:
    assert verdicts(SCORES, np.full(4, True), None).calibration_images is None


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_the_oracle_reaches_the_best_f1(images: list[tuple[int, bool]]) -> None:
    scores, bad = np.array([score / 5 for score, _ in images]), np.array([label for _, label in images])
    oracle = best_threshold(scores, bad)
    if oracle is None:
        assert bad.all() or not bad.any()
        return
    called = scores > oracle
    f1 = 2 * (called & bad).sum() / (called.sum() + bad.sum())
    assert f1 == pytest.approx(image_metrics(scores, bad).f1_max)
