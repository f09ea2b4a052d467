"""The coverage curve tells whether one more reference would help, and which one is missed least."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.hygiene import coverage
from app.engine.options import Statistic

PATCHES = 100
MAX = Statistic("max")


def pairs(places: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    """References that look like points on a line, every patch as far from another reference as the points are."""
    return [np.repeat(np.abs(places - each)[:, None], PATCHES, axis=1).astype(np.float32) for each in places]


def masks(count: int) -> list[NDArray[np.bool_]]:
    return [np.ones(PATCHES, bool)] * count


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_references_have_no_curve(count: int) -> None:
    assert coverage(pairs(np.arange(count) / 10), masks(count), MAX) is None


def test_the_curve_of_three_references_is_that_computed_by_hand() -> None:
    found = coverage(pairs(np.array([0.0, 0.1, 0.4])), masks(3), MAX)
    assert found is not None
    assert found.scores == pytest.approx([(0.1 + 0.4 + 0.1 + 0.3 + 0.4 + 0.3) / 6, (0.1 + 0.1 + 0.3) / 3])
    assert found.gain == pytest.approx(1 - (0.5 / 3) / (1.6 / 6))
    assert found.adds == pytest.approx([0.6 / 0.4 - 1, 0.8 / 0.4 - 1, 0.2 / 0.2 - 1], abs=1e-6)
    assert found.adds_least == 2


def test_scores_fall_and_the_gain_shrinks_with_more_references() -> None:
    places = np.random.default_rng(0).random(12)
    many = coverage(pairs(places), masks(12), MAX)
    few = coverage(pairs(places[:4]), masks(4), MAX)
    assert many is not None
    assert few is not None
    assert list(many.scores) == sorted(many.scores, reverse=True)
    assert many.gain < few.gain


def test_what_a_reference_looks_like_to_itself_and_what_is_masked_do_not_count() -> None:
    plain = pairs(np.array([0.0, 0.1, 0.4]))
    spoilt = [each.copy() for each in plain]
    for position, each in enumerate(spoilt):
        each[position] = -1
        each[:, 0] = 9
    kept = [np.arange(PATCHES) > 0] * 3
    assert coverage(spoilt, kept, MAX) == coverage(plain, masks(3), MAX)


def test_references_without_any_distance_gain_nothing() -> None:
    found = coverage(pairs(np.zeros(4)), masks(4), MAX)
    assert found is not None
    assert (found.gain, set(found.adds)) == (0.0, {0.0})
