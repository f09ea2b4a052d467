"""What a provisional threshold promises is kept."""

import numpy as np
import pytest

from app.engine.calibration import provisional


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
    assert threshold.false_alarm_rate_95 == pytest.approx(rate, abs=0.001)


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
