"""Position-aware search: only rows near a patch's own place count, as a search row by row says."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.bank import near
from app.engine.bank.bank import MemoryBank, RowOrigin, Segment
from app.engine.bank.index import Metric
from app.engine.bank.near import Places
from app.engine.bank.rows import comparable
from app.engine.detector import patch_distances
from app.engine.methods.patchcore import score_weights, support_weight
from app.engine.options import Near
from app.engine.types import Geometry, Grid, PatchFeatures, Size

METRICS: tuple[Metric, ...] = ("cosine", "euclidean", "squared_euclidean")
Rows = NDArray[np.float32]


def drawn(grid: Grid, seed: int) -> Rows:
    return np.random.default_rng(seed).standard_normal((grid.patches, 6)).astype(np.float32)


def reference(grid: Grid, seed: int, metric: Metric = "cosine") -> Segment:
    return Segment(comparable(drawn(grid, seed), metric), np.ones(grid.patches, bool), (0.0,), grid, metric=metric)


def everywhere(grid: Grid) -> Places:
    return Places(grid, np.arange(grid.patches))


def place(position: int, length: int, other: int) -> int:
    return int(np.floor((position + 0.5) * other / length))


def apart(query: Rows, row: Rows, metric: Metric) -> float:
    if metric == "cosine":
        return float(1 - np.dot(query.astype(np.float64), row.astype(np.float64)))
    squared = float(((query.astype(np.float64) - row) ** 2).sum())
    return squared if metric == "squared_euclidean" else squared**0.5


def row_by_row(
    query: Rows, patch: int, grid: Grid, parts: Sequence[Segment], radius: int
) -> list[tuple[float, RowOrigin]]:
    """All rows near a patch, nearest first."""
    row, column = divmod(patch, grid.columns)
    found = []
    for position, part in enumerate(parts):
        there = place(row, grid.rows, part.grid.rows), place(column, grid.columns, part.grid.columns)
        numbers = range(len(part.rows)) if part.numbers is None else part.numbers
        for each, number in zip(part.rows, numbers, strict=True):
            at = divmod(int(number), part.grid.columns)
            if max(abs(at[0] - there[0]), abs(at[1] - there[1])) <= radius:
                found.append((apart(query, each, part.metric), RowOrigin(position, 0.0, int(number))))
    return sorted(found, key=lambda each: each[0])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("radius", [1, 2, 64])
@pytest.mark.parametrize("inspected", [Grid(5, 7), Grid(8, 4), Grid(2, 3)])
def test_what_is_found_is_the_nearest_row_near_the_place(metric: Metric, radius: int, inspected: Grid) -> None:
    parts = [reference(grid, seed, metric) for seed, grid in enumerate([Grid(5, 7), Grid(5, 7), Grid(6, 4)])]
    bank, queries = MemoryBank(parts, "cpu", Near(radius)), comparable(drawn(inspected, 9), metric)
    distances, rows = bank.nearest(queries, everywhere(inspected))
    for patch in range(inspected.patches):
        distance, origin = row_by_row(queries[patch], patch, inspected, parts, radius)[0]
        assert distances[patch] == pytest.approx(distance, abs=1e-5)
        assert bank.origin(int(rows[patch])) == origin


def test_a_radius_over_the_whole_grid_is_a_search_anywhere() -> None:
    grid = Grid(5, 7)
    parts, queries = [reference(grid, 1), reference(grid, 2)], comparable(drawn(grid, 3), "cosine")
    expected, nearest = MemoryBank(parts, "cpu").nearest(queries)
    distances, rows = MemoryBank(parts, "cpu", Near(64)).nearest(queries, everywhere(grid))
    np.testing.assert_allclose(distances, expected, atol=1e-6)
    np.testing.assert_array_equal(rows, nearest)


def test_a_familiar_patch_in_the_wrong_place_lies_far_away() -> None:
    grid = Grid(5, 7)
    part = reference(grid, 1)
    swapped = part.rows[::-1]
    assert MemoryBank([part], "cpu").nearest(swapped)[0].max() == pytest.approx(0, abs=1e-6)
    assert MemoryBank([part], "cpu", Near(1)).nearest(swapped, everywhere(grid))[0].max() > 0.5


@pytest.mark.parametrize("metric", METRICS)
def test_rows_of_a_coreset_keep_their_place(metric: Metric) -> None:
    grid, kept = Grid(5, 7), np.array([33, 0, 8, 17])
    parts = [reference(grid, 1, metric).reduced(kept), reference(grid, 2, metric).reduced(kept[:2])]
    bank, queries = MemoryBank(parts, "cpu", Near(2)), comparable(drawn(grid, 3), metric)
    distances, rows = bank.neighbours(queries, 3, everywhere(grid))
    for patch in range(grid.patches):
        expected = row_by_row(queries[patch], patch, grid, parts, 2)[:3]
        found = rows[patch] >= 0
        assert [bank.origin(int(row)) for row in rows[patch][found]] == [origin for _, origin in expected]
        assert list(distances[patch]) == pytest.approx([each for each, _ in expected] + [np.inf] * (3 - found.sum()))


@pytest.mark.parametrize("queries_per_chunk", [1, 34, 35, 36])
def test_chunks_of_queries_join_without_a_seam(monkeypatch: pytest.MonkeyPatch, queries_per_chunk: int) -> None:
    grid = Grid(5, 7)
    bank, queries = MemoryBank([reference(grid, 1)], "cpu", Near(1)), comparable(drawn(grid, 3), "cosine")
    whole = bank.nearest(queries, everywhere(grid))
    monkeypatch.setattr(near, "NEAR_CHUNK_ELEMENTS", queries_per_chunk * bank.rows)
    distances, rows = bank.nearest(queries, everywhere(grid))
    np.testing.assert_allclose(distances, whole[0], atol=1e-6)
    np.testing.assert_array_equal(rows, whole[1])


@pytest.mark.parametrize("metric", METRICS)
def test_a_patch_that_no_row_is_near_to_lies_as_far_away_as_any_row_may(metric: Metric) -> None:
    grid, mask = Grid(5, 7), np.arange(35) % 2 == 0
    bank = MemoryBank([reference(grid, 1, metric).reduced(np.array([0, 1]))], "cpu", Near(1))
    geometry = Geometry(Size(70, 98), Size(70, 98), Size(70, 98), grid)
    found = patch_distances(PatchFeatures(drawn(grid, 3), geometry), bank, mask)
    beside = np.isin(np.arange(35), [0, 1, 2, 7, 8, 9])
    np.testing.assert_array_equal(found.nearest >= 0, mask & beside)
    queries = comparable(drawn(grid, 3), metric)
    for patch in np.flatnonzero(mask & ~beside):
        assert found.values[patch] >= max(apart(queries[patch], bank.row(row), metric) for row in range(bank.rows))
        assert np.isfinite(found.values[patch])
    assert (found.values[~mask] == 0).all()


def test_the_largest_distance_is_weighed_by_the_rows_near_its_place() -> None:
    grid = Grid(5, 7)
    part, values = reference(grid, 1, "euclidean"), drawn(grid, 3)
    bank = MemoryBank([part], "cpu", Near(1))
    distances, _ = bank.nearest(values, everywhere(grid))
    [weight] = score_weights(values, distances, bank, [np.ones(35, bool)], grid)[[patch := int(distances.argmax())]]
    rows = [part.rows[origin.patch] for _, origin in row_by_row(values[patch], patch, grid, [part], 1)]
    support = sorted(rows, key=lambda row: apart(rows[0], row, "euclidean"))[:9]
    expected = support_weight(
        float(distances[patch]), np.array([apart(values[patch], row, "euclidean") for row in support])
    )
    assert weight == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kept", [[0], [0, 34]])
def test_beside_a_single_row_or_none_a_distance_counts_in_full(kept: list[int]) -> None:
    grid, values = Grid(5, 7), drawn(Grid(5, 7), 3)
    bank = MemoryBank([reference(grid, 1, "euclidean").reduced(np.array(kept))], "cpu", Near(1))
    for patch in (0, 17):
        only = np.arange(35) == patch
        assert (score_weights(values, np.ones(35, np.float32), bank, [only], grid) == 1).all()


def test_rows_of_rotated_references_are_refused() -> None:
    part = reference(Grid(5, 7), 1)
    turned = Segment(np.concatenate([part.rows, part.rows]), part.foreground, (0.0, 45.0), part.grid)
    with pytest.raises(ValueError, match="rotated"):
        MemoryBank([turned], "cpu", Near(1))


def test_a_search_without_places_is_refused() -> None:
    with pytest.raises(ValueError, match="places"):
        MemoryBank([reference(Grid(5, 7), 1)], "cpu", Near(1)).nearest(drawn(Grid(5, 7), 2))
