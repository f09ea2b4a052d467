"""Drift is told where something changed, and not where nothing did."""

from collections.abc import Iterable
from dataclasses import astuple, replace

import numpy as np
import pytest

from app.engine.photograph.appearance import Appearance
from app.engine.verdict.drift import (
    FEWEST_GOOD_IMAGES,
    LEAST_FACTOR,
    LEAST_SHIFT,
    WINDOW,
    Drift,
    DriftBaseline,
    DriftWindow,
    Quantities,
    QuantityName,
    quantities,
    widening,
)
from benchmarks.drift_runs import (
    GOOD_IMAGES,
    IMAGES,
    PRODUCTIONS,
    QUANTITIES,
    Production,
    Values,
    baseline_of,
    rolling_medians,
    values_of,
)
from benchmarks.drift_runs import told as ever_told

MULTIPLIED, SHIFTED = QUANTITIES[:4], QUANTITIES[4:]
USUAL = Quantities(0.02, 0.05, 20.0, 0.3, 0.5, 0.4)
RUNS = 300


def alike(count: int) -> DriftBaseline:
    """Of so many good images that look the same."""
    return baseline_of(np.tile(np.array([astuple(USUAL)]).T, count))


def told(images: Iterable[Quantities], good: DriftBaseline) -> tuple[Drift, ...]:
    window = DriftWindow()
    for image in images:
        window.add(image)
    return window.drifted(good)


def told_after(stream: Values, changed: Values, good: DriftBaseline) -> int | None:
    """How many changed images come after those of a stream until drift is told."""
    window = DriftWindow()
    for image in stream.T:
        window.add(Quantities(*image))
    for number, image in enumerate(changed.T, start=1):
        window.add(Quantities(*image))
        if window.drifted(good):
            return number
    return None


@pytest.mark.parametrize("production", PRODUCTIONS, ids=lambda production: production.name)
def test_a_stationary_production_hardly_ever_drifts(production: Production) -> None:
    random = np.random.default_rng(0)
    alarms = dict.fromkeys(GOOD_IMAGES, 0)
    for _ in range(RUNS):
        medians = rolling_medians(production.stream(random, IMAGES))
        for count in GOOD_IMAGES:
            alarms[count] += bool(ever_told(medians, production.draw(random, count)))
    allowed = 0.01 * RUNS + 2 * np.sqrt(0.01 * 0.99 * RUNS)
    assert max(alarms.values()) <= allowed, alarms


@pytest.mark.parametrize(
    ("quantity", "change"),
    [(0, 0.4), (1, -0.5), (1, 0.4), (2, -0.4), (2, 0.4), (3, -0.7), (4, 1.2), (5, -1.2)],
)
def test_a_change_is_told_within_a_window(quantity: int, change: float) -> None:
    random = np.random.default_rng(1)
    changed = np.zeros((6, 1))
    changed[quantity] = change
    for _ in range(50):
        good, stream, after = (0.03 * random.standard_normal((6, n)) for n in (8, WINDOW, WINDOW))
        number = told_after(values_of(stream), values_of(changed + after), baseline_of(values_of(good)))
        assert number is not None
        assert WINDOW / 2 <= number <= 0.75 * WINDOW


@pytest.mark.parametrize("odd", [Quantities(2.0, 1.0, 255.0, 9.0, 1.0, 1.0), Quantities(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)])
def test_fewer_than_half_of_a_window_never_matter(odd: Quantities) -> None:
    good = alike(8)
    for number in range(WINDOW // 2):
        assert not told([odd] * number + [USUAL] * (WINDOW - number), good)
    assert told([odd] * (WINDOW // 2 + 1) + [USUAL] * (WINDOW // 2 - 1), good)


def test_nothing_is_told_before_the_window_is_full_and_old_images_leave_it() -> None:
    good = alike(8)
    dark = replace(USUAL, brightness=2.0)
    assert not told([dark] * (WINDOW - 1), good)
    assert told([dark] * WINDOW, good)
    assert not told([dark] * 100 + [USUAL] * WINDOW, good)


@pytest.mark.parametrize("count", range(FEWEST_GOOD_IMAGES))
def test_fewer_than_three_good_images_say_nothing(count: int) -> None:
    dark = replace(USUAL, brightness=0.0)
    assert not told([dark] * WINDOW, alike(count))
    assert told([dark] * WINDOW, alike(FEWEST_GOOD_IMAGES))


def test_what_is_not_known_of_the_good_images_is_not_compared() -> None:
    good = DriftBaseline({"foreground_fraction": (), "brightness": [100.0, 101.0, 99.0, 100.0]})
    assert [quantity for quantity in QUANTITIES if good.limits(quantity)] == ["brightness"]
    assert [each.quantity for each in told([Quantities(2.0, 0.01, 10.0, 0.0, 0.0, 0.0)] * WINDOW, good)] == [
        "brightness"
    ]


@pytest.mark.parametrize("fraction", [1.0, float(np.nextafter(1, 2)), float(np.nextafter(1, 0))])
def test_an_unmasked_product_never_drifts_by_its_foreground(fraction: float) -> None:
    good = DriftBaseline({"foreground_fraction": [1.0] * 99})
    assert not told([replace(USUAL, foreground_fraction=fraction)] * WINDOW, good)


def test_only_a_rise_of_the_median_distance_is_told() -> None:
    good = alike(8)
    assert not told([replace(USUAL, median_distance=0.0)] * WINDOW, good)
    assert [each.quantity for each in told([replace(USUAL, median_distance=0.03)] * WINDOW, good)] == [
        "median_distance"
    ]


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize(("more", "seen"), [(-0.01, False), (0.01, True)])
def test_good_images_that_are_alike_leave_room_for_small_changes(
    quantity: QuantityName, more: float, seen: bool
) -> None:
    usual = getattr(USUAL, quantity)
    changed = usual * (LEAST_FACTOR + more) if quantity in MULTIPLIED else usual + LEAST_SHIFT + more
    assert bool(told([replace(USUAL, **{quantity: changed})] * WINDOW, alike(3))) == seen


@pytest.mark.parametrize("quantity", SHIFTED)
@pytest.mark.parametrize("by", [-0.1, 0.1])
def test_a_shift_is_told_to_either_side(quantity: QuantityName, by: float) -> None:
    shifted = replace(USUAL, **{quantity: getattr(USUAL, quantity) + by})
    assert [each.quantity for each in told([shifted] * WINDOW, alike(8))] == [quantity]


def test_a_drift_names_the_quantity_the_median_and_the_limits() -> None:
    good = DriftBaseline({"brightness": [50.0, 100.0, 60.0, 70.0, 80.0, 90.0]})
    beyond = 2 ** widening(6)
    (drift,) = told([replace(USUAL, brightness=3.0)] * WINDOW, good)
    assert (drift.quantity, drift.median) == ("brightness", 3.0)
    assert drift.limits.low == pytest.approx(50 / beyond)
    assert drift.limits.high is None  # brighter than white
    assert 100 * beyond > 255


def test_limits_of_zeros_are_finite() -> None:
    good = DriftBaseline({quantity: [0.0] * 3 for quantity in QUANTITIES})
    for quantity in QUANTITIES:
        limits = good.limits(quantity)
        assert limits is not None
        assert limits.low is None
        assert limits.high is not None
        assert 0 < limits.high < 2


def test_more_good_images_are_widened_less() -> None:
    factors = [widening(count) for count in range(FEWEST_GOOD_IMAGES, 200)]
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] > 0


def test_the_median_distance_is_that_of_the_foreground() -> None:
    distances = np.array([0.1, 0.2, 0.3, 0, 0, 0, 0, 0], np.float32)
    found = quantities(distances, distances > 0, Appearance(7.0, 0.0, 0.3, 0.5, 0.4))
    assert astuple(found) == (pytest.approx(0.2), 3 / 8, 7.0, 0.3, 0.5, 0.4)
