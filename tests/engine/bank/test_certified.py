"""The certified score: image score, median side and regions are those of an exact search."""

import numpy as np
import pytest

from app.engine.bank.certified import Deciding, decided
from app.engine.options import Statistic
from app.engine.verdict.scoring import deciding_count, image_score
from tests.engine.bank.certified_banks import KINDS, Case, Kind, assert_close, case

STATISTICS = [
    Statistic("mean_top1p"),
    Statistic("max"),
    Statistic("mean_topk", k=7),
    Statistic("percentile", q=95.0),
    Statistic("percentile", q=0.0),
    Statistic("percentile", q=100.0),
    Statistic("mean_topk", k=500, foreground_only=True),
    Statistic("percentile", q=90.0, foreground_only=True),
]
each_case = pytest.mark.parametrize("kind", KINDS)
SEEDS = range(6)
CLOSE = 1e-6


def exact_distances(drawn: Case) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return drawn.plain.search(drawn.queries)[0][:, 0]


@each_case
@pytest.mark.parametrize("statistic", STATISTICS, ids=str)
def test_the_image_score_is_the_exact_one(kind: Kind, statistic: Statistic) -> None:
    for seed in SEEDS:
        drawn = case(kind, seed)
        mask = np.random.default_rng(seed).random(100) < 0.7
        queries, full = drawn.queries[: mask.sum()], np.zeros((2, 100), np.float32)
        mask[np.flatnonzero(mask)[len(queries) :]] = False
        full[0, mask] = drawn.plain.search(queries)[0][:, 0]
        full[1, mask] = decided(drawn.by_lists, queries, Deciding(deciding_count(statistic, mask))).values
        exact, found = (image_score(values, mask, statistic) for values in full)
        assert_close(found, exact)


@each_case
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_all_distances_above_the_threshold_of_regions_are_exact(kind: Kind, precision: str) -> None:
    for seed in SEEDS:
        drawn = case(kind, seed, precision=precision)
        exact = exact_distances(drawn)
        # Between two of the distances, for rounding not to decide.
        ordered = np.unique(exact)
        at = len(ordered) // 2
        above = float(ordered[at - 1] + ordered[at]) / 2 if len(ordered) > 1 else float(ordered[0]) + 0.1
        found = decided(drawn.by_lists, drawn.queries, Deciding(1, above=above))
        clear = np.abs(exact - above) > CLOSE * (1 + above)
        np.testing.assert_array_equal((found.values > above)[clear], (exact > above)[clear])
        region = (exact > above) & clear
        assert_close(found.values[region], exact[region])


@each_case
def test_the_median_lies_on_its_side_of_each_limit(kind: Kind) -> None:
    for seed in SEEDS:
        drawn = case(kind, seed)
        exact = float(np.median(exact_distances(drawn)))
        limits = (exact * 0.9 - 1e-4, exact * 0.999 - 2e-6, exact * 1.001 + 2e-6, exact * 1.1 + 1e-4)
        median = float(np.median(decided(drawn.by_lists, drawn.queries, Deciding(1, median_limits=limits)).values))
        assert [median > limit for limit in limits] == [exact > limit for limit in limits]


@each_case
def test_what_is_not_exact_is_no_smaller_than_the_distance(kind: Kind) -> None:
    for seed in SEEDS:
        drawn = case(kind, seed)
        exact, found = exact_distances(drawn), decided(drawn.by_lists, drawn.queries, Deciding(3))
        assert_close(np.minimum(found.values, exact), exact)
        assert_close(found.values[found.exact], exact[found.exact])


def test_every_patch_has_a_row_that_exists() -> None:
    for seed in SEEDS:
        drawn = case("copies", seed)
        found = decided(drawn.by_lists, drawn.queries, Deciding(1))
        assert ((found.nearest >= 0) & (found.nearest < len(drawn.plain._rows))).all()


def test_in_a_large_bank_few_patches_are_searched_exactly() -> None:
    searched = [decided(each.by_lists, each.queries, Deciding(1)).exact.mean() for each in map(large, range(5))]
    assert max(searched) < 0.3


def large(seed: int) -> Case:
    return case("clustered", seed + 100, lists=20)


def test_equal_bounds_are_all_settled() -> None:
    drawn = case("copies", seed=1)
    same = np.repeat(drawn.queries[:1], 20, axis=0)
    found = decided(drawn.by_lists, same, Deciding(20))
    assert_close(found.values, drawn.plain.search(same)[0][:, 0])


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, 10_000, 250))
def test_ten_thousand_random_banks_have_their_exact_image_score(first: int) -> None:
    draw = case.__wrapped__
    for seed in range(first, first + 250):
        drawn = draw(KINDS[seed % len(KINDS)], seed)
        statistic = STATISTICS[seed // len(KINDS) % len(STATISTICS)]
        mask = np.ones(len(drawn.queries), bool)
        found = decided(drawn.by_lists, drawn.queries, Deciding(deciding_count(statistic, mask))).values
        exact = exact_distances(drawn)
        assert_close(image_score(found, mask, statistic), image_score(exact, mask, statistic))
