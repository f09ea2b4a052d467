"""Stationary productions: how often is drift told where nothing drifts?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from app.engine.verdict.drift import WINDOW, DriftBaseline, QuantityName

Values = NDArray[np.float64]
"""Quantities × images."""

QUANTITIES: tuple[QuantityName, ...] = get_args(QuantityName)
LEVELS = np.array([[0.02], [0.05], [20.0], [0.3]])
"""Of what a change multiplies; low enough for what is drawn to stay below the largest possible value."""

CENTROID, CENTROID_SPREAD = 0.5, 0.05

RUNS, IMAGES, SHIFT_IMAGES = 5000, 1000, 250
GOOD_IMAGES = (3, 4, 5, 8, 16, 32, 99)


@dataclass(frozen=True, slots=True)
class Production:
    """`draw(random, images)` gives the values of good images in any order, `stream` those of images as they come."""

    name: str
    draw: Callable[[np.random.Generator, int], Values]
    stream: Callable[[np.random.Generator, int], Values]


def normal(random: np.random.Generator, images: int) -> Values:
    return values_of(np.log(np.maximum(1 + 0.25 * random.standard_normal((len(QUANTITIES), images)), 1e-9)))


def lognormal(random: np.random.Generator, images: int) -> Values:
    return values_of(0.5 * random.standard_normal((len(QUANTITIES), images)))


def heavy_tails(random: np.random.Generator, images: int) -> Values:
    return values_of(0.25 * random.standard_t(3, (len(QUANTITIES), images)))


def of_either_shift(random: np.random.Generator, images: int) -> Values:
    return _in_shifts(random, random.integers(0, 2, images))


def shift_after_shift(random: np.random.Generator, images: int) -> Values:
    return _in_shifts(random, np.arange(images) // SHIFT_IMAGES % 2)


def _in_shifts(random: np.random.Generator, shifts: NDArray[np.int64]) -> Values:
    return values_of(0.25 * (random.standard_normal((len(QUANTITIES), len(shifts))) + 4 * shifts))


def values_of(noise: Values) -> Values:
    """Values of the quantities: the centroids are shifted by the noise, the others multiplied by its exponential."""
    return np.concatenate([LEVELS * np.exp(noise[: len(LEVELS)]), CENTROID + CENTROID_SPREAD * noise[len(LEVELS) :]])


PRODUCTIONS = (
    Production("normal", normal, normal),
    Production("lognormal", lognormal, lognormal),
    Production("t, 3 degrees", heavy_tails, heavy_tails),
    Production("two shifts, mixed", of_either_shift, of_either_shift),
    Production("two shifts, in turn", of_either_shift, shift_after_shift),
)


def alarm_rates(production: Production, random: np.random.Generator) -> Mapping[int, float]:
    """By the number of good images: the share of runs in which any quantity is ever told to have drifted."""
    alarms = dict.fromkeys(GOOD_IMAGES, 0)
    for _ in range(RUNS):
        medians = rolling_medians(production.stream(random, IMAGES))
        for count in GOOD_IMAGES:
            alarms[count] += bool(told(medians, production.draw(random, count)))
    return {count: number / RUNS for count, number in alarms.items()}


def rolling_medians(stream: Values) -> Values:
    """What a drift window's medians are, from the moment when it is full."""
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(stream, WINDOW, axis=1), axis=2))


def baseline_of(good: Values) -> DriftBaseline:
    return DriftBaseline(dict(zip(QUANTITIES, good.tolist(), strict=True)))


def told(medians: Values, good: Values) -> Sequence[QuantityName]:
    """Which quantities are told to have drifted at any time, of rolling medians and the good images' values."""
    baseline = baseline_of(good)
    found = []
    for quantity, over_time in zip(QUANTITIES, medians, strict=True):
        limits = baseline.limits(quantity)
        if limits is None:
            continue
        low = -np.inf if limits.low is None else limits.low
        high = np.inf if limits.high is None else limits.high
        if over_time.min() < low or over_time.max() > high:
            found.append(quantity)
    return found
