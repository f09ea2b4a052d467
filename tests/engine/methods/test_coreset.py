"""The greedy coreset: like the textbook, the same for the same seed, and going on from what was chosen."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.engine.methods import coreset
from app.engine.methods.coreset import (
    PROJECTED_WIDTH,
    Selection,
    Steps,
    coreset_size,
    greedy_coreset,
    projected,
)


def drawn(count: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32))


def textbook(points: NDArray[np.float64], start: list[int], count: int) -> list[int]:
    """As the authors describe it, one distance at a time."""
    bound = [np.mean([np.linalg.norm(point - points[each]) for each in start]) for point in points]
    chosen: list[int] = []
    for _ in range(count):
        away = [
            min([bound[row], *(np.linalg.norm(point - points[each]) for each in chosen)])
            for row, point in enumerate(points)
        ]
        chosen.append(int(np.argmax(away)))
    return chosen


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 40))
def test_it_chooses_what_the_textbook_chooses(seed: int, count: int) -> None:
    points = drawn(60, 5, seed)
    start = [3, 14, 15]
    selection = Selection([points[:20], points[20:]], start=start)
    selection.go_on(count)
    assert selection.chosen == textbook(points.double().numpy(), start, count)


def test_the_same_seed_chooses_the_same_rows_and_another_one_others() -> None:
    rows = drawn(300, 40)
    first = greedy_coreset(rows, 30, seed=1)
    np.testing.assert_array_equal(first, greedy_coreset(rows, 30, seed=1))
    assert set(first) != set(greedy_coreset(rows, 30, seed=2))


def test_what_was_chosen_stays_and_the_selection_goes_on_from_it() -> None:
    rows = drawn(200, 30)
    before = greedy_coreset(rows[:120], 12, seed=1)
    after = greedy_coreset(rows, 20, seed=1, chosen=before.tolist())
    np.testing.assert_array_equal(after[:12], before)
    assert len(set(after)) == 20
    assert (after[12:] >= 120).any()


def test_a_selection_in_two_steps_of_the_same_rows_is_that_of_one() -> None:
    points = drawn(200, PROJECTED_WIDTH)
    whole, half = greedy_coreset(points, 40, chosen=[7]), greedy_coreset(points, 20, chosen=[7])
    np.testing.assert_array_equal(greedy_coreset(points, 40, chosen=half.tolist()), whole)


def test_a_long_start_is_covered_in_parts_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    points, start = drawn(200, PROJECTED_WIDTH), list(range(0, 200, 4))
    whole = greedy_coreset(points, 80, chosen=start)
    monkeypatch.setattr(coreset, "COVER_ELEMENTS", 200 * 7)
    np.testing.assert_array_equal(greedy_coreset(points, 80, chosen=start), whole)


def test_no_row_is_chosen_twice_even_where_all_are_equal() -> None:
    assert sorted(greedy_coreset(torch.ones(12, 7), 12).tolist()) == list(range(12))


def test_the_coreset_leaves_no_row_far_from_it() -> None:
    rows = drawn(500, 8)
    chosen = greedy_coreset(rows, 50)
    random = np.random.default_rng(0).choice(500, 50, replace=False)
    assert (
        torch.cdist(rows, rows[chosen]).min(dim=1).values.max()
        < torch.cdist(rows, rows[random]).min(dim=1).values.max()
    )


def test_the_projection_keeps_distances_about_as_they_are() -> None:
    rows = drawn(100, 600)
    kept = torch.pdist(projected(rows, 3)) / torch.pdist(rows)
    assert 0.7 < kept.min() < kept.max() < 1.3


def test_others_come_between_the_steps_and_hear_how_far_it_is() -> None:
    pauses, told = [], []
    steps = Steps(pause=lambda: pauses.append(1), progress=lambda done, of: told.append((done, of)))
    greedy_coreset(drawn(50, 20), 5, steps=steps)
    assert len(pauses) == 6
    assert told == [(done, 5) for done in range(1, 6)]


@pytest.mark.parametrize(("rows", "share", "size"), [(1000, 0.1, 100), (999, 0.01, 9), (5, 0.01, 1), (5, 1.0, 5)])
def test_a_share_is_rounded_down_but_keeps_a_row(rows: int, share: float, size: int) -> None:
    assert coreset_size(rows, share) == size


@pytest.mark.parametrize(("count", "chosen"), [(11, []), (1, [1, 2]), (3, [10])])
def test_what_cannot_be_chosen_is_refused(count: int, chosen: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot be chosen"):
        greedy_coreset(drawn(10, 4), count, chosen=chosen)
