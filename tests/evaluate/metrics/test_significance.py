"""Chance: DeLong against all pairs one by one, the bootstrap against images really repeated."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from app.evaluate.metrics.image import image_metrics
from app.evaluate.metrics.significance import (
    Interval,
    Paired,
    auroc_p_value,
    interval,
    resampled_differences,
    weighted,
)

Scores = NDArray[np.float64]


def noisy(seed: int, strength: float, good: int = 40, bad: int = 30) -> Scores:
    """Scores of good images, then bad ones, that tell them apart by `strength` standard deviations."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(0, 1, good), rng.normal(strength, 1, bad)]).round(1)


def pair(a: list[Scores], b: list[Scores], good: int = 40) -> Paired:
    return Paired(np.stack(a), np.stack(b), np.arange(len(a[0])) >= good)


def resampled(found: Paired, metric: str) -> Scores | None:
    """Of one seed."""
    a, b = (partial(weighted, metric, scores[0], found.bad) for scores in (found.a, found.b))
    return resampled_differences(found.bad, a, b)


def slow_p_value(found: Paired) -> float:
    """DeLong et al.'s equations, pair by pair."""

    def wins(scores: Scores) -> Scores:
        good, bad = scores[~found.bad], scores[found.bad]
        return np.array([[1.0 if y > x else 0.5 if y == x else 0.0 for x in good] for y in bad])

    difference = np.mean([wins(each) for each in found.b], axis=0) - np.mean([wins(each) for each in found.a], axis=0)
    rows, columns = difference.mean(axis=1), difference.mean(axis=0)
    variance = rows.var(ddof=1) / len(rows) + columns.var(ddof=1) / len(columns)
    return float(2 * norm.sf(abs(difference.mean()) / variance**0.5))


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_p_value_is_that_of_delongs_equations(seeds: int) -> None:
    found = pair([noisy(seed, 1) for seed in range(seeds)], [noisy(10 + seed, 1.4) for seed in range(seeds)])
    assert auroc_p_value([found]) == pytest.approx(slow_p_value(found), rel=1e-9)


def test_a_clear_difference_is_more_than_chance_and_none_is_none() -> None:
    weak, strong = noisy(0, 0.3), noisy(1, 3)
    clear = auroc_p_value([pair([weak], [strong])])
    assert clear is not None
    assert clear < 0.001
    assert auroc_p_value([pair([weak], [weak])]) == 1
    assert auroc_p_value([pair([weak], [np.exp(weak)])]) == 1


def test_several_objects_tell_more_than_one() -> None:
    one, other = (pair([noisy(seed, 1)], [noisy(seed + 10, 1.6)]) for seed in (0, 1))
    both, alone = auroc_p_value([one, other]), auroc_p_value([one])
    assert both is not None
    assert alone is not None
    assert both < alone


def test_of_two_equal_ways_one_in_twenty_seems_to_differ() -> None:
    found = [auroc_p_value([pair([noisy(2 * each, 1)], [noisy(2 * each + 1, 1)])]) for each in range(400)]
    assert np.mean([each is not None and each < 0.05 for each in found]) == pytest.approx(0.05, abs=0.03)


def test_too_few_images_tell_nothing() -> None:
    few = Paired(np.zeros((1, 3)), np.zeros((1, 3)), np.array([False, False, True]))
    assert auroc_p_value([few]) is None
    assert auroc_p_value([]) is None
    assert resampled(few, "image_ap") is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 3)), min_size=2, max_size=25))
def test_images_that_count_several_times_are_as_good_as_repeated(images: list[tuple[int, bool, int]]) -> None:
    scores, bad, counts = (np.array(each) for each in zip(*images, strict=True))
    repeated = image_metrics(np.repeat(scores, counts).astype(float), np.repeat(bad, counts).astype(bool))
    if repeated.ap is None:
        return
    for metric, expected in (("image_ap", repeated.ap), ("image_f1_max", repeated.f1_max)):
        found = weighted(metric, scores.astype(float), bad.astype(bool), counts[None].astype(float))
        assert found[0] == pytest.approx(expected)


@pytest.mark.parametrize("metric", ["image_ap", "image_f1_max"])
def test_the_interval_lies_about_the_difference_and_tells_a_clear_one(metric: str) -> None:
    weak, strong = noisy(0, 0.5), noisy(1, 3)
    found = resampled(pair([weak], [strong]), metric)
    assert found is not None
    near = interval([found])
    one, other = (image_metrics(each, np.arange(70) >= 40) for each in (weak, strong))
    values = [each.ap if metric == "image_ap" else each.f1_max for each in (one, other)]
    assert values[0] is not None
    assert values[1] is not None
    assert near.low < values[1] - values[0] < near.high
    assert near.is_more_than_chance
    same = resampled(pair([weak], [weak]), metric)
    assert same is not None
    assert interval([same]) == Interval(0, 0)
    assert not interval([same]).is_more_than_chance


def test_resampling_is_the_same_each_time() -> None:
    found = pair([noisy(0, 1)], [noisy(1, 1)])
    one, other = (resampled(found, "image_ap") for _ in range(2))
    np.testing.assert_array_equal(one, other)
