"""The memory bank: what is near, where a row came from, and the properties that users rely on."""

import tracemalloc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.engine.bank.bank import MemoryBank, RowOrigin, Segment, segment
from app.engine.bank.lists import Centres, Lists, assigned, drawn_rows
from app.engine.bank.rows import unit_length
from app.engine.options import RowPrecision
from app.engine.types import Geometry, Grid, PatchFeatures, Size

GRID = Grid(3, 4)
WHOLE = Geometry(Size(42, 56), Size(42, 56), Size(42, 56), GRID)


def features(seed: int) -> PatchFeatures:
    return PatchFeatures(np.random.default_rng(seed).standard_normal((12, 8)).astype(np.float32), WHOLE)


def reference(seed: int, angles: int = 2) -> Segment:
    return segment([features(seed * 100 + angle) for angle in range(angles)], [45.0 * angle for angle in range(angles)])


def distances(bank: MemoryBank, seed: int) -> NDArray[np.float32]:
    return bank.nearest(unit_length(features(seed).values))[0]


def test_a_reference_lies_at_distance_zero_from_its_own_bank() -> None:
    found, rows = MemoryBank([reference(1), reference(2)], "cpu").nearest(reference(2).upright)
    np.testing.assert_allclose(found, 0, atol=1e-6)
    assert list(rows) == list(range(24, 36))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4))
def test_adding_references_never_raises_a_distance(seed: int, count: int) -> None:
    parts = [reference(seed + position) for position in range(count + 1)]
    fewer, more = MemoryBank(parts[:count], "cpu"), MemoryBank(parts, "cpu")
    assert (distances(more, 7) <= distances(fewer, 7) + 1e-6).all()


def test_distances_are_those_of_a_brute_force_search() -> None:
    bank = MemoryBank([reference(1), reference(2)], "cpu")
    rows = np.concatenate([reference(1).rows, reference(2).rows])
    expected = 1 - (unit_length(features(9).values) @ rows.T).max(axis=1)
    np.testing.assert_allclose(distances(bank, 9), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("row", "origin"),
    [(0, RowOrigin(0, 0.0, 0)), (13, RowOrigin(0, 45.0, 1)), (24, RowOrigin(1, 0.0, 0)), (47, RowOrigin(1, 45.0, 11))],
)
def test_a_row_knows_its_reference_angle_and_patch(row: int, origin: RowOrigin) -> None:
    assert MemoryBank([reference(1), reference(2)], "cpu").origin(row) == origin


def test_of_a_segment_with_some_rows_alone_those_are_searched_and_know_where_they_came_from() -> None:
    numbers = np.array([13, 2, 20])
    bank = MemoryBank([reference(1), reference(2).reduced(numbers)], "cpu")
    assert bank.rows == 24 + 3
    found, [row] = bank.nearest(reference(2).rows[13:14])
    np.testing.assert_allclose(found, 0, atol=1e-6)
    assert bank.origin(int(row)) == RowOrigin(1, 45.0, 1)


def test_a_patch_of_zeros_does_not_become_nan() -> None:
    assert np.isfinite(unit_length(np.zeros((3, 8), np.float32))).all()


def streamed(parts: list[Segment], alive: list[int]) -> Iterator[Segment]:
    """The segments, each made for the occasion; `alive`: how many others were in memory then."""
    made: list[weakref.ref[NDArray[np.float32]]] = []
    for part in parts:
        alive.append(sum(rows() is not None for rows in made))
        copy = replace(part, rows=part.rows.copy())
        made.append(weakref.ref(copy.rows))
        yield copy
        del copy


def lists_of(parts: list[Segment]) -> Lists:
    rows = np.concatenate([part.rows for part in parts])
    centres = Centres(rows[drawn_rows(len(rows), 4)], 4).values
    return Lists(centres, assigned(rows, centres))


@pytest.mark.parametrize("precision", get_args(RowPrecision))
@pytest.mark.parametrize("in_lists", [False, True])
def test_segments_that_come_one_by_one_are_held_one_by_one(precision: RowPrecision, in_lists: bool) -> None:
    parts, alive = [reference(seed) for seed in range(5)], list[int]()
    lists = lists_of(parts) if in_lists else None
    bank = MemoryBank(streamed(parts, alive), "cpu", precision=precision, lists=lists, count=5 * 24)
    assert alive == [0] * 5
    np.testing.assert_array_equal(distances(bank, 9), distances(MemoryBank(parts, "cpu", precision=precision), 9))
    assert bank.origin(30) == RowOrigin(1, 0.0, 6)


@pytest.mark.parametrize("count", [0, 47, 49])
def test_another_number_of_rows_than_was_told_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="rows"):
        MemoryBank(iter([reference(1), reference(2)]), "cpu", count=count)


@pytest.mark.parametrize("precision", get_args(RowPrecision))
def test_a_large_bank_takes_its_rows_and_little_more_while_it_is_made(precision: RowPrecision) -> None:
    grid, count = Grid(64, 64), 24
    drawn = unit_length(np.random.default_rng(0).standard_normal((grid.patches, 32), dtype=np.float32))
    parts = [Segment(drawn, np.ones(grid.patches, bool), (0.0,), grid)] * count
    tracemalloc.start()
    bank = MemoryBank(streamed(parts, []), "cpu", precision=precision, count=count * grid.patches)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < bank.size_bytes + 3 * drawn.nbytes
    assert 3 * drawn.nbytes < bank.size_bytes / 2
