"""Sizes, cropping and normalisation on the way to the backbone."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.options import Fit
from app.engine.photograph.preprocess import MAX_PATCHES, UnseenEdge, covered, geometry, preprocess, unseen_edge
from app.engine.types import Grid, Size
from app.errors import ImageTooLarge, ImageTooSmall
from tests.engine.synthetic_weights import VITS14


@pytest.mark.parametrize(
    ("original", "resized", "grid"),
    [
        (Size(1024, 1024), Size(448, 448), Grid(32, 32)),
        (Size(600, 900), Size(448, 672), Grid(32, 48)),
        (Size(513, 457), Size(502, 448), Grid(35, 32)),
        (Size(100, 300), Size(448, 1344), Grid(32, 96)),
    ],
)
def test_the_smaller_edge_is_resized_and_the_rest_cropped(original: Size, resized: Size, grid: Grid) -> None:
    found = geometry(original, smaller_edge=448, patch_size=14, fit="crop")
    assert (found.resized, found.grid) == (resized, grid)


@given(st.integers(14, 4000), st.integers(14, 4000))
def test_the_crop_takes_less_than_a_patch_and_never_pads(height: int, width: int) -> None:
    if max(height, width) > 8 * min(height, width):
        return
    found = geometry(Size(height, width), smaller_edge=448, patch_size=14, fit="crop")
    assert 0 <= found.resized.height - found.cropped.height < 14
    assert 0 <= found.resized.width - found.cropped.width < 14


@pytest.mark.parametrize("size", [Size(1, 1), Size(13, 500), Size(20, 500)])
def test_what_is_too_small_or_too_thin_is_refused(size: Size) -> None:
    with pytest.raises(ImageTooSmall, match="px"):
        geometry(size, smaller_edge=448, patch_size=14, fit="crop")


@pytest.mark.parametrize(
    ("size", "patches"), [(Size(2000, 2000), 9_216), (Size(2000, 4000), 18_432), (Size(500, 4000), None)]
)
def test_the_patches_of_one_image_are_bounded(size: Size, patches: int | None) -> None:
    if patches:
        assert geometry(size, smaller_edge=1344, patch_size=14, fit="crop").grid.patches == patches
        return
    with pytest.raises(ImageTooLarge, match=r"73728 patches .* Lower smaller_edge, or cut the image") as refused:
        geometry(size, smaller_edge=1344, patch_size=14, fit="crop")
    assert refused.value.limit == MAX_PATCHES


def test_the_longest_image_is_taken_at_the_usual_smaller_edge() -> None:
    assert geometry(Size(500, 4000), smaller_edge=448, patch_size=14, fit="crop").grid == Grid(32, 256)


def test_a_white_image_becomes_one_minus_mean_over_std() -> None:
    tensor = preprocess(np.full((50, 60, 3), 255, np.uint8), 112, VITS14, "crop").tensor
    expected = (1 - np.array(VITS14.mean)) / np.array(VITS14.std)
    assert tensor.shape == (3, 112, 126)
    np.testing.assert_allclose(tensor[:, 5, 5], expected, rtol=1e-5)


@given(st.integers(14, 2000), st.integers(14, 2000), st.integers(112, 500), st.sampled_from([14, 16]))
def test_fitted_whole_every_pixel_is_in_a_patch(height: int, width: int, edge: int, patch: int) -> None:
    if max(height, width) > 8 * min(height, width) or min(height, width) < patch:
        return
    found = geometry(Size(height, width), edge, patch, "whole")
    assert found.resized == found.cropped == Size(patch * found.grid.rows, patch * found.grid.columns)
    assert edge <= min(found.resized.height, found.resized.width) < edge + patch
    assert (covered(found), unseen_edge(found)) == (found.original, None)


@pytest.mark.parametrize("side_px", [200, 1000])
def test_an_image_of_whole_patches_is_the_same_either_way_but_for_single_grey_levels(side_px: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (side_px, side_px, 3)).astype(np.uint8)
    cropped, whole = (preprocess(image, 448, VITS14, fit) for fit in get_args(Fit))
    assert cropped.geometry == whole.geometry
    levels = np.abs(cropped.tensor - whole.tensor) * 255 * np.asarray(VITS14.std, np.float32)[:, None, None]
    assert levels.max() < 2.01
    assert (levels > 0.5).mean() < 0.05


def test_the_pixels_given_are_left_as_they_are_and_may_lie_in_any_order() -> None:
    image = np.random.default_rng(0).integers(0, 256, (300, 200, 3)).astype(np.uint8)
    turned = image[::-1, ::-1]
    turned.flags.writeable = False
    for fit in get_args(Fit):
        as_copied = preprocess(turned.copy(), 448, VITS14, fit).tensor
        np.testing.assert_array_equal(preprocess(turned, 448, VITS14, fit).tensor, as_copied)


@pytest.mark.parametrize(
    ("size", "edge", "unseen"),
    [
        (Size(1080, 1920), 448, UnseenEdge(29, 0)),
        (Size(640, 480), 448, UnseenEdge(0, 10)),
        (Size(500, 500), 125, UnseenEdge(52, 52)),
        (Size(500, 500), 448, None),
    ],
)
def test_what_the_crop_leaves_out_is_told_in_pixels(size: Size, edge: int, unseen: UnseenEdge | None) -> None:
    assert unseen_edge(geometry(size, edge, 14, "crop")) == unseen
