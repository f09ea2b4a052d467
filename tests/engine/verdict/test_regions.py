"""Regions: which patches they join, and where they lie in the image."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.engine.bank.bank import MemoryBank, Segment
from app.engine.bank.nearest_patch import NearestPatch
from app.engine.options import Fit, Profile
from app.engine.photograph.preprocess import geometry
from app.engine.types import Box, Geometry, Grid, PatchDistances, RegionMask, Size
from app.engine.verdict.regions import Region, find_regions, region_mask, region_patches
from app.engine.verdict.scoring import anomaly_map

SQUARE = geometry(Size(280, 280), 140, 14, "crop")
CROPPED = geometry(Size(300, 485), 150, 14, "crop")
"""Resized to 150×242 px, of which the patches see 140×238: 280×477 px of the original."""

TINY = geometry(Size(14, 14), 280, 14, "crop")
"""14×14 px with 20×20 patches."""


def bank(grid: Grid) -> MemoryBank:
    rows = np.zeros((grid.patches, 2), np.float32)
    return MemoryBank([Segment(rows, np.ones(grid.patches, bool), (0.0,), grid)], "cpu")


def hot(inspected: Geometry, patches: dict[tuple[int, int], float]) -> NDArray[np.float32]:
    """Patch distances of 0.1, but for those of the patches (row, column) that are given."""
    values = np.full((inspected.grid.rows, inspected.grid.columns), 0.1, np.float32)
    for place, value in patches.items():
        values[place] = value
    return values.ravel()


def found(
    values: NDArray[np.float32],
    threshold: float,
    inspected: Geometry = SQUARE,
    profile: Profile = "robust",
    limit: int = 1000,
) -> list[Region]:
    """Regions of an image whose patches came nearest to those at the same place of its only reference."""
    distances = PatchDistances(values, np.arange(values.size))
    return find_regions(distances, inspected, profile, threshold, bank(inspected.grid), [inspected], limit=limit)


def pixels(regions: list[Region], inspected: Geometry, profile: Profile = "robust") -> RegionMask:
    return region_mask(region_patches(regions, inspected), inspected, profile)


def test_a_region_tells_its_box_area_peak_and_nearest_patch() -> None:
    (region,) = found(hot(SQUARE, {(2, 3): 0.5, (2, 4): 0.75, (3, 4): 0.5}), 0.4)
    assert region.box == Box(84, 56, 56, 56)
    assert region.area_px == 3 * 28 * 28
    assert (region.peak, region.peak_at) == (0.75, (126, 70))
    assert region.patches == (23, 24, 34)
    assert region.nearest == NearestPatch(0, 0.0, Box(112, 56, 28, 28))


def test_patches_that_touch_at_a_corner_are_one_region() -> None:
    assert len(found(hot(SQUARE, {(2, 3): 0.5, (3, 4): 0.5}), 0.4)) == 1
    assert len(found(hot(SQUARE, {(2, 3): 0.5, (4, 4): 0.5}), 0.4)) == 2


def test_patches_do_not_touch_across_the_edge_of_the_image() -> None:
    assert len(found(hot(SQUARE, {(2, 9): 0.5, (3, 0): 0.5}), 0.4)) == 2


def test_the_largest_peaks_come_first_and_no_more_than_asked_for() -> None:
    values = hot(SQUARE, {(0, 0): 0.5, (0, 1): 0.6, (4, 4): 0.9, (9, 9): 0.7})
    assert [round(region.peak, 6) for region in found(values, 0.4)] == [0.9, 0.7, 0.6]
    assert found(values, 0.4, limit=2) == found(values, 0.4)[:2]


def test_a_patch_at_the_threshold_is_not_above_it() -> None:
    assert found(hot(SQUARE, {(2, 3): 0.5}), 0.5) == []


def test_patches_off_the_foreground_belong_to_no_region() -> None:
    nearest = np.zeros(100, np.int64)
    nearest[50:] = -1
    values = np.where(nearest >= 0, np.float32(0.3), np.float32(0))
    distances = PatchDistances(values, nearest)
    (region,) = find_regions(distances, SQUARE, "robust", -1.0, bank(SQUARE.grid), [SQUARE], limit=5)
    assert region.box == Box(0, 0, 280, 140)


def test_robust_leaves_a_region_where_the_patches_are_and_paper_stretches_it() -> None:
    values = hot(CROPPED, {(5, 8): 0.5})
    (robust,), (paper,) = (found(values, 0.4, CROPPED, profile) for profile in get_args(Profile))
    assert robust.box == Box(224, 140, 28, 28)
    assert paper.box == Box(228, 150, 28, 30)


def test_the_last_patches_reach_to_the_border_as_in_the_anomaly_map() -> None:
    (region,) = found(hot(CROPPED, {(9, 16): 0.5}), 0.4, CROPPED)
    assert region.box == Box(448, 252, 485 - 448, 300 - 252)
    assert region.peak_at == (462, 266)


@pytest.mark.parametrize("profile", get_args(Profile))
@pytest.mark.parametrize("size", [Size(300, 485), Size(1201, 877), Size(448, 449)])
def test_regions_are_where_the_anomaly_map_shows_them(size: Size, profile: Profile) -> None:
    """Linear upsampling of a block of patches crosses half its height at the block's border."""
    inspected = geometry(size, 224, 14, "crop")
    block = {(row, column): 1.0 for row in range(5, 11) for column in range(6, 12)}
    values = hot(inspected, block)
    mask = pixels(found(values, 0.5, inspected, profile), inspected, profile)
    shown = anomaly_map(values, inspected, profile) > 0.55
    for axis in (0, 1):
        ends = [np.flatnonzero(picture.any(axis=axis))[[0, -1]] for picture in (mask, shown)]
        np.testing.assert_allclose(ends[0], ends[1], atol=1)


def test_the_mask_is_the_regions_and_nothing_else() -> None:
    regions = found(hot(SQUARE, {(0, 0): 0.5, (1, 1): 0.5, (6, 7): 0.5}), 0.4)
    expected = np.zeros((280, 280), bool)
    for x, y in [(0, 0), (28, 28), (196, 168)]:
        expected[y : y + 28, x : x + 28] = True
    np.testing.assert_array_equal(pixels(regions, SQUARE), expected)


def test_a_region_inside_the_box_of_another_does_not_wipe_it_out() -> None:
    ring = {(row, column): 0.5 for row in range(2, 7) for column in range(2, 7) if {row, column} & {2, 6}}
    inner, outer = found(hot(SQUARE, {**ring, (4, 4): 0.9}), 0.4)
    mask = pixels([inner, outer], SQUARE)
    assert np.count_nonzero(mask) == outer.area_px + inner.area_px == 17 * 28 * 28


def test_a_patch_smaller_than_a_pixel_has_that_pixel() -> None:
    for column in range(20):
        (region,) = found(hot(TINY, {(0, column): 0.5}), 0.4, TINY)
        assert region.box == Box(column * 14 // 20, 0, 1, 1)
        assert region.peak_at == (region.box.x, 0)


@st.composite
def inspections(draw: st.DrawFn) -> tuple[Geometry, NDArray[np.float32]]:
    size = Size(draw(st.integers(14, 200)), draw(st.integers(25, 112)))
    inspected = geometry(size, draw(st.integers(28, 280)), 14, draw(st.sampled_from(get_args(Fit))))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    return inspected, random.random(inspected.grid.patches, np.float32)


@settings(max_examples=50, deadline=None)
@given(inspections(), st.floats(0, 1), st.sampled_from(get_args(Profile)))
def test_every_region_lies_inside_the_image(
    case: tuple[Geometry, NDArray[np.float32]], threshold: float, profile: Profile
) -> None:
    inspected, values = case
    for region in found(values, threshold, inspected, profile):
        box, (x, y) = region.box, region.peak_at
        assert 0 <= box.x <= x < box.x + box.width <= inspected.original.width
        assert 0 <= box.y <= y < box.y + box.height <= inspected.original.height
        assert region.area_px == np.count_nonzero(pixels([region], inspected, profile)) > 0


@settings(max_examples=25, deadline=None)
@given(inspections(), st.sampled_from(get_args(Profile)))
def test_a_threshold_above_the_maximum_gives_none_and_below_the_minimum_one_covering_all(
    case: tuple[Geometry, NDArray[np.float32]], profile: Profile
) -> None:
    inspected, values = case
    assert found(values, float(values.max()) + 0.01, inspected, profile) == []
    (region,) = found(values, float(values.min()) - 0.01, inspected, profile)
    assert region.box == Box(0, 0, inspected.original.width, inspected.original.height)
    assert region.area_px == inspected.original.width * inspected.original.height
    assert region.peak == values.max()
