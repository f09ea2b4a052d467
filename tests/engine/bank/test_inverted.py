"""Rows by lists: a first look is never too near, and what is searched below a bound is exact."""

import numpy as np
import pytest

from app.engine.bank.index import Metric
from tests.engine.bank.certified_banks import KINDS, METRICS, Kind, case

each_case = pytest.mark.parametrize(("kind", "metric"), [(kind, metric) for kind in KINDS for metric in METRICS])
EVERY_LIST = 1000


@each_case
def test_a_first_look_tells_a_distance_that_is_right_or_too_large(kind: Kind, metric: Metric) -> None:
    for seed in range(10):
        drawn = case(kind, metric, seed)
        exact = drawn.plain.search(drawn.queries)[0]
        found = drawn.by_lists.first_look(drawn.queries, 2)[0]
        drawn.assert_close(np.minimum(found, exact), exact)


@each_case
def test_a_first_look_into_every_list_is_exact(kind: Kind, metric: Metric) -> None:
    drawn = case(kind, metric, seed=3)
    exact = drawn.plain.search(drawn.queries)[0]
    drawn.assert_close(drawn.by_lists.first_look(drawn.queries, EVERY_LIST)[0], exact)


@each_case
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_below_a_bound_the_nearest_row_is_found(kind: Kind, metric: Metric, precision: str) -> None:
    for seed in range(10):
        drawn = case(kind, metric, seed, precision=precision)
        exact = drawn.plain.search(drawn.queries)[0][:, 0]
        bounds = drawn.by_lists.first_look(drawn.queries, 1)[0][:, 0]
        found = np.minimum(drawn.by_lists.nearer(drawn.queries, bounds)[0][:, 0], bounds)
        drawn.assert_close(found, exact)


@each_case
def test_a_bound_that_is_close_above_the_distance_does_not_hide_the_row(kind: Kind, metric: Metric) -> None:
    for seed in range(10):
        drawn = case(kind, metric, seed)
        for query in drawn.queries[:16, None]:
            exact = drawn.plain.search(query)[0][:, 0]
            found, _ = drawn.by_lists.nearer(query, exact * np.float32(1.001) + np.float32(1e-5))
            drawn.assert_close(found[:, 0], exact)


@each_case
def test_the_row_that_is_told_lies_as_far_as_is_told(kind: Kind, metric: Metric) -> None:
    drawn = case(kind, metric, seed=4)
    distances, numbers = drawn.by_lists.first_look(drawn.queries, 3)
    for query, distance, number in zip(drawn.queries, distances[:, 0], numbers[:, 0], strict=True):
        row = drawn.plain.row(int(number))
        apart = 1 - query @ row if metric == "cosine" else np.linalg.norm(query - row)
        assert (apart**2 if metric == "squared_euclidean" else apart) == pytest.approx(distance, abs=1e-5, rel=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_an_exact_search_of_rows_by_lists_knows_their_numbers(metric: Metric) -> None:
    drawn = case("spread", metric, seed=5)
    expected, numbers = drawn.plain.search(drawn.queries, 3)
    found, places = drawn.by_lists.search(drawn.queries, 3)
    drawn.assert_close(found, expected)
    np.testing.assert_array_equal(places, numbers)


def test_a_row_is_found_by_its_number() -> None:
    drawn = case("spread", "cosine", seed=6)
    np.testing.assert_array_equal(drawn.by_lists.row(0), drawn.plain.row(0))


def test_blocks_that_no_list_fills_are_filled_by_several(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = case("spread", "cosine", seed=7, lists=9)
    exact = drawn.plain.search(drawn.queries)[0][:, 0]
    for rows in (1, 7, 64):
        monkeypatch.setattr("app.engine.bank.inverted.BLOCK_ROWS", rows)
        found = drawn.by_lists.nearer(drawn.queries, np.full(len(drawn.queries), 2, np.float32))[0][:, 0]
        drawn.assert_close(found, exact)


def test_with_most_lists_out_of_reach_few_rows_are_looked_at() -> None:
    drawn = case("clustered", "cosine", seed=8, lists=5)
    query = drawn.plain.row(0)[None]
    first, last = drawn.by_lists._ranges(query, np.array([1e-3], np.float32))
    assert np.maximum(last - first, 0).sum() < 0.6 * len(drawn.plain._rows)
