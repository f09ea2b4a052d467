"""Rows by lists: a first look is never too near, and what is searched below a bound is exact."""

import numpy as np
import pytest

from tests.engine.bank.certified_banks import KINDS, Kind, assert_close, case

each_case = pytest.mark.parametrize("kind", KINDS)
EVERY_LIST = 1000


@each_case
def test_a_first_look_tells_a_distance_that_is_right_or_too_large(kind: Kind) -> None:
    for seed in range(10):
        drawn = case(kind, seed)
        exact = drawn.plain.search(drawn.queries)[0]
        found = drawn.by_lists.first_look(drawn.queries, 2)[0]
        assert_close(np.minimum(found, exact), exact)


@each_case
def test_a_first_look_into_every_list_is_exact(kind: Kind) -> None:
    drawn = case(kind, seed=3)
    exact = drawn.plain.search(drawn.queries)[0]
    assert_close(drawn.by_lists.first_look(drawn.queries, EVERY_LIST)[0], exact)


@each_case
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_below_a_bound_the_nearest_row_is_found(kind: Kind, precision: str) -> None:
    for seed in range(10):
        drawn = case(kind, seed, precision=precision)
        exact = drawn.plain.search(drawn.queries)[0][:, 0]
        bounds = drawn.by_lists.first_look(drawn.queries, 1)[0][:, 0]
        found = np.minimum(drawn.by_lists.nearer(drawn.queries, bounds)[0][:, 0], bounds)
        assert_close(found, exact)


@each_case
def test_a_bound_that_is_close_above_the_distance_does_not_hide_the_row(kind: Kind) -> None:
    for seed in range(10):
        drawn = case(kind, seed)
        for query in drawn.queries[:16, None]:
            exact = drawn.plain.search(query)[0][:, 0]
            found, _ = drawn.by_lists.nearer(query, exact * np.float32(1.001) + np.float32(1e-5))
            assert_close(found[:, 0], exact)


@each_case
def test_the_row_that_is_told_lies_as_far_as_is_told(kind: Kind) -> None:
    drawn = case(kind, seed=4)
    distances, numbers = drawn.by_lists.first_look(drawn.queries, 3)
    for query, distance, number in zip(drawn.queries, distances[:, 0], numbers[:, 0], strict=True):
        row = drawn.plain.row(int(number))
        assert 1 - query @ row == pytest.approx(distance, abs=1e-5, rel=1e-5)


def test_an_exact_search_of_rows_by_lists_knows_their_numbers() -> None:
    drawn = case("spread", seed=5)
    expected, numbers = drawn.plain.search(drawn.queries, 3)
    found, places = drawn.by_lists.search(drawn.queries, 3)
    assert_close(found, expected)
    np.testing.assert_array_equal(places, numbers)


def test_a_row_is_found_by_its_number() -> None:
    drawn = case("spread", seed=6)
    np.testing.assert_array_equal(drawn.by_lists.row(0), drawn.plain.row(0))


def test_blocks_that_no_list_fills_are_filled_by_several(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = case("spread", seed=7, lists=9)
    exact = drawn.plain.search(drawn.queries)[0][:, 0]
    for rows in (1, 7, 64):
        monkeypatch.setattr("app.engine.bank.inverted.BLOCK_ROWS", rows)
        found = drawn.by_lists.nearer(drawn.queries, np.full(len(drawn.queries), 2, np.float32))[0][:, 0]
        assert_close(found, exact)


def test_with_most_lists_out_of_reach_few_rows_are_looked_at() -> None:
    drawn = case("clustered", seed=8, lists=5)
    query = drawn.plain.row(0)[None]
    first, last = drawn.by_lists._ranges(query, np.array([1e-3], np.float32))
    assert np.maximum(last - first, 0).sum() < 0.6 * len(drawn.plain._rows)
