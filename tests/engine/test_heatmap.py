"""Heatmaps: the fixed scale, the styles, the sizes, the memory they take."""

import tracemalloc
from io import BytesIO
from typing import get_args

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from app.engine.heatmap import (
    COLORMAP,
    HATCH_GREY,
    OUTLINE_RGB,
    OVERLAY_FROM,
    OVERLAY_FULL,
    OVERLAY_OPACITY,
    VEIL,
    HeatmapStyle,
    heatmap,
)
from app.engine.photograph.image_file import decode_image
from app.engine.types import AnomalyMap, Image, RegionMask
from app.errors import InvalidRequest

RAMP: AnomalyMap = np.tile(np.linspace(0, 2, 80, dtype=np.float32), (60, 1))
IMAGE = np.full((60, 80, 3), 120, np.uint8)
REGIONS: RegionMask = np.zeros((60, 80), bool)
REGIONS[10:20, 30:50] = True
REGIONS[40:60, 70:80] = True


def overlay(regions: RegionMask | None) -> Image:
    drawn = heatmap(RAMP, IMAGE, 2.0, style="overlay", smaller_edge=None, regions=regions)
    return decode_image(drawn.png, 10_000).pixels


def mask(regions: RegionMask, edge: int | None = None) -> Image:
    drawn = heatmap(RAMP, IMAGE, 2.0, style="mask", smaller_edge=edge, regions=regions)
    picture = cv2.imdecode(np.frombuffer(drawn.png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.dtype == np.uint8
    assert picture.ndim == 2
    return np.asarray(picture, np.uint8)


def test_the_palette_picture_shows_the_pixels_of_the_colour_map() -> None:
    drawn = heatmap(RAMP, IMAGE, 2.0, smaller_edge=None)
    levels = np.rint(RAMP / 2 * 255).astype(np.uint8)
    expected = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[:, :, ::-1]
    assert COLORMAP == "inferno"
    np.testing.assert_array_equal(decode_image(drawn.png, 10_000).pixels, expected)


def test_the_scale_is_the_banks_and_not_stretched_per_image() -> None:
    weak = decode_image(heatmap(RAMP / np.float32(10), IMAGE, 2.0, smaller_edge=None).png, 10_000).pixels
    strong = decode_image(heatmap(RAMP, IMAGE, 2.0, smaller_edge=None).png, 10_000).pixels
    beyond = decode_image(heatmap(RAMP * np.float32(10), IMAGE, 2.0, smaller_edge=None).png, 10_000).pixels
    assert weak.max() < strong.max()
    np.testing.assert_array_equal(beyond[:, -1], strong[:, -1])


def test_sixteen_bit_grey_carries_the_values() -> None:
    drawn = heatmap(RAMP, IMAGE, 2.0, style="gray16", smaller_edge=None)
    grey = cv2.imdecode(np.frombuffer(drawn.png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert grey is not None
    assert grey.dtype == np.uint16
    np.testing.assert_allclose(grey / 65535 * drawn.scale_max, RAMP, atol=2e-5)


def test_the_overlay_shows_the_image_where_nothing_is_wrong() -> None:
    pixels = decode_image(heatmap(RAMP, IMAGE, 2.0, style="overlay", smaller_edge=None).png, 10_000).pixels
    np.testing.assert_array_equal(pixels[:, 0], IMAGE[:, 0])
    assert (pixels[:, -1].astype(int) != 120).any()


def test_the_overlay_outlines_the_regions_just_inside_their_border() -> None:
    outlined = (overlay(REGIONS) == OUTLINE_RGB).all(axis=2)
    expected = REGIONS.copy()
    expected[11:19, 31:49] = False
    expected[41:59, 71:79] = False
    np.testing.assert_array_equal(outlined, expected)


def test_the_overlay_is_otherwise_what_it_is_without_regions() -> None:
    outlined = (overlay(REGIONS) == OUTLINE_RGB).all(axis=2)
    np.testing.assert_array_equal(overlay(REGIONS)[~outlined], overlay(None)[~outlined])
    np.testing.assert_array_equal(overlay(np.zeros_like(REGIONS)), overlay(None))


def test_an_outline_is_wider_in_a_larger_picture() -> None:
    flat, image = np.zeros((1000, 1200), np.float32), np.full((1000, 1200, 3), 120, np.uint8)
    regions = np.zeros((1000, 1200), bool)
    regions[100:200, 100:200] = True
    drawn = heatmap(flat, image, 1.0, style="overlay", smaller_edge=None, regions=regions)
    line = (decode_image(drawn.png, 10**7).pixels[150] == OUTLINE_RGB).all(axis=1)
    assert list(np.flatnonzero(line)) == [*range(100, 104), *range(196, 200)]


@pytest.mark.parametrize("style", ["heat", "gray16"])
def test_regions_leave_the_styles_alone_that_do_not_draw_them(style: HeatmapStyle) -> None:
    with_regions = heatmap(RAMP, IMAGE, 2.0, style=style, smaller_edge=None, regions=REGIONS)
    assert with_regions == heatmap(RAMP, IMAGE, 2.0, style=style, smaller_edge=None)


def test_the_mask_is_white_in_the_regions_and_black_elsewhere() -> None:
    np.testing.assert_array_equal(mask(REGIONS), np.where(REGIONS, 255, 0))
    assert mask(np.zeros_like(REGIONS)).max() == 0


def test_a_small_region_does_not_vanish_from_a_small_mask() -> None:
    regions = np.zeros_like(REGIONS)
    regions[30, 40] = True
    small = mask(regions, edge=12)
    assert small.shape == (12, 16)
    assert list(zip(*np.nonzero(small), strict=True)) == [(6, 8)]
    assert small.max() == 255


def test_a_mask_is_refused_where_no_regions_are_known() -> None:
    with pytest.raises(InvalidRequest, match="calibrat"):
        heatmap(RAMP, IMAGE, 2.0, style="mask", smaller_edge=None)


@pytest.mark.parametrize(("edge", "size"), [(None, (80, 60)), (30, (40, 30)), (60, (80, 60))])
def test_the_size_is_the_one_asked_for(edge: int | None, size: tuple[int, int]) -> None:
    drawn = heatmap(RAMP, IMAGE, 2.0, style="overlay", smaller_edge=edge)
    assert (drawn.width, drawn.height) == size
    assert decode_image(drawn.png, 100_000).pixels.shape[:2] == size[::-1]


@pytest.mark.parametrize("style", ["heat", "overlay", "gray16", "mask"])
def test_a_picture_is_never_larger_than_its_image(style: HeatmapStyle) -> None:
    drawn = heatmap(RAMP, IMAGE, 2.0, style=style, smaller_edge=4096, regions=REGIONS)
    assert (drawn.width, drawn.height) == (80, 60)
    assert drawn.png == heatmap(RAMP, IMAGE, 2.0, style=style, smaller_edge=None, regions=REGIONS).png


@pytest.mark.parametrize("height", [1, 255, 256, 257, 700])
def test_strips_join_without_a_seam(height: int) -> None:
    width = 1024
    rng = np.random.default_rng(height)
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    share = rng.random((height, width), np.float32)
    pixels = decode_image(heatmap(share, image, 1.0, style="overlay", smaller_edge=None).png, 10**6).pixels
    levels = np.rint(share * 255).astype(np.uint8)
    heat = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[:, :, ::-1]
    ramp = np.clip((share - OVERLAY_FROM) / (OVERLAY_FULL - OVERLAY_FROM), 0, 1)
    opacity = OVERLAY_OPACITY * ramp[:, :, None]
    np.testing.assert_allclose(pixels, image * (1 - opacity) + heat * opacity, atol=0.51)


@pytest.mark.parametrize("style", ["heat", "overlay", "gray16", "mask"])
def test_drawing_takes_a_small_multiple_of_the_picture(style: HeatmapStyle) -> None:
    flat, image = np.full((2000, 3000), 0.5, np.float32), np.full((2000, 3000, 3), 120, np.uint8)
    regions = np.ones((2000, 3000), bool)
    tracemalloc.start()
    heatmap(flat, image, 2.0, style=style, smaller_edge=None, regions=regions)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 3 * image.nbytes


UNSEEN: RegionMask = np.zeros((60, 80), bool)
UNSEEN[:, :30] = True


def test_the_overlay_hatches_what_was_not_looked_at_and_nothing_else() -> None:
    drawn = heatmap(RAMP, IMAGE, 2.0, style="overlay", smaller_edge=None, unseen=UNSEEN)
    pixels = decode_image(drawn.png, 10_000).pixels
    np.testing.assert_array_equal(pixels[~UNSEEN], overlay(None)[~UNSEEN])
    assert (pixels[UNSEEN] == pixels[UNSEEN][:, :1]).all()
    assert set(np.unique(pixels[UNSEEN])) == {HATCH_GREY, round(255 - 135 * VEIL)}


def test_the_hatching_goes_on_from_strip_to_strip() -> None:
    image, flat = np.full((600, 1024, 3), 80, np.uint8), np.zeros((600, 1024), np.float32)
    drawn = heatmap(flat, image, 1.0, style="overlay", smaller_edge=None, unseen=np.ones((600, 1024), bool))
    hatched = decode_image(drawn.png, 10**6).pixels
    np.testing.assert_array_equal(hatched[1:, :-1], hatched[:-1, 1:])


@pytest.mark.parametrize("style", get_args(HeatmapStyle))
def test_the_legend_says_what_was_not_looked_at(style: HeatmapStyle) -> None:
    seen, unseen = (
        heatmap(RAMP, IMAGE, 2.0, style=style, smaller_edge=None, regions=REGIONS, unseen=each)
        for each in (None, UNSEEN)
    )
    assert (seen.unseen_share, unseen.unseen_share) == (0.0, 30 / 80)
    assert "not looked at" not in str(seen.legend)
    assert "not looked at (37.5 % of the image" in str(unseen.legend)


@pytest.mark.parametrize("style", get_args(HeatmapStyle))
def test_the_legend_is_in_the_picture_too(style: HeatmapStyle) -> None:
    drawn = heatmap(RAMP, IMAGE, 2.0, style=style, smaller_edge=None, regions=REGIONS, unseen=UNSEEN)
    with PillowImage.open(BytesIO(drawn.png)) as picture:
        picture.load()
        told = picture.info["Legend"]
    assert told == "; ".join(f"{shown}: {meaning}" for shown, meaning in drawn.legend.items())
