import numpy as np
import pytest
from scipy.stats import binomtest

from app.engine.verdict.observed import Bounds, Judged, clopper_pearson, false_alarms, misses


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (12, 12), (3, 50), (499, 500)])
def test_bounds_are_those_of_an_exact_binomial_test(hits: int, of: int) -> None:
    exact = binomtest(hits, of).proportion_ci(0.95, "exact")
    assert clopper_pearson(hits, of) == pytest.approx((exact.low, exact.high))


def test_without_a_trial_nothing_is_known() -> None:
    assert clopper_pearson(0, 0) == (0, 1)
    nothing = Judged(0, 0, 0)
    assert false_alarms(nothing, nothing) == misses(nothing, nothing) == Bounds(0, None, 1)


def test_false_alarms_are_counted_among_the_good_parts() -> None:
    # Of the 100 rejected ones 30 are good, by half of them; of the 900 passed ones 880, by a tenth.
    found = false_alarms(Judged(900, 88, 2), Judged(100, 15, 35))
    assert found.estimate == pytest.approx(30 / (30 + 880))
    assert 0.01 < found.low < 30 / 910 < found.high < 0.08


def test_misses_are_counted_among_the_bad_parts() -> None:
    found = misses(Judged(900, 88, 2), Judged(100, 15, 35))
    assert found.estimate == pytest.approx(20 / (20 + 70))
    assert found.low < 20 / 90 < found.high


def test_where_nobody_looked_at_passed_parts_no_upper_bound_is_told() -> None:
    passed, rejected = Judged(950, 0, 0), Judged(50, 50, 0)
    assert false_alarms(passed, rejected).estimate == pytest.approx(0.05)
    assert false_alarms(passed, rejected).high == 1
    assert misses(passed, rejected) == Bounds(0, None, 1)


def test_where_nobody_looked_at_rejected_parts_nothing_speaks_for_false_alarms() -> None:
    found = false_alarms(Judged(950, 100, 0), Judged(50, 0, 0))
    assert (found.low, found.estimate) == (0, None)
    assert found.high > 0.04


def test_no_rejected_part_is_no_false_alarm() -> None:
    found = false_alarms(Judged(100, 20, 0), Judged(0, 0, 0))
    assert (found.low, found.estimate) == (0, 0)
    assert 0.03 < found.high < 0.1


def test_the_bounds_hold_the_true_rates_in_at_least_95_of_100_lines() -> None:
    draw = np.random.default_rng(0)
    bad, alarm, missed, lines = 0.05, 0.08, 0.2, 500
    held = [0, 0]
    for _ in range(lines):
        is_bad = draw.random(600) < bad
        is_not_ok = np.where(is_bad, draw.random(600) >= missed, draw.random(600) < alarm)
        looked = draw.random(600) < np.where(is_not_ok, 0.9, 0.3)
        ok, not_ok = (
            Judged(int(chosen.sum()), int((chosen & looked & ~is_bad).sum()), int((chosen & looked & is_bad).sum()))
            for chosen in (~is_not_ok, is_not_ok)
        )
        for place, (found, true) in enumerate(((false_alarms(ok, not_ok), alarm), (misses(ok, not_ok), missed))):
            held[place] += found.low <= true <= found.high
    assert min(held) >= 0.95 * lines
