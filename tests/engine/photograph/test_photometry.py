"""What a photograph looks like: light, sharpness, where what stands out lies."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.photograph.photometry import appearance
from app.engine.types import Image


@pytest.mark.parametrize("shape", [(1, 1, 3), (300, 200, 3)])
def test_brightness_and_contrast_are_mean_and_deviation_of_the_grey_level(shape: tuple[int, int, int]) -> None:
    grey = np.random.default_rng(2).integers(0, 256, shape[:2]).astype(np.uint8)
    seen = appearance(coloured(grey))
    assert seen.brightness == pytest.approx(grey.mean(), abs=0.01)
    assert seen.contrast == pytest.approx(grey.std(), abs=0.01)


def test_colours_count_as_the_eye_sees_them() -> None:
    red, green = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    red[:, :, 0] = green[:, :, 1] = 200
    assert appearance(green).brightness > appearance(red).brightness > 0


def test_blur_lowers_the_sharpness_and_contrast_does_not() -> None:
    grey = np.random.default_rng(3).integers(0, 256, (448, 600)).astype(np.uint8)
    sharp = appearance(coloured(grey)).sharpness
    blurred = np.asarray(cv2.GaussianBlur(grey, (0, 0), 2), np.uint8)
    assert appearance(coloured(blurred)).sharpness < sharp / 2
    assert appearance(coloured(grey // 2 + 60)).sharpness == pytest.approx(sharp, rel=0.05)


@pytest.mark.parametrize("ground", [40, 200])
@pytest.mark.parametrize(("size", "at"), [((256, 256), (64, 128)), ((448, 896), (600, 100)), ((900, 500), (250, 700))])
def test_the_centroid_is_that_of_what_stands_out(size: tuple[int, int], at: tuple[int, int], ground: int) -> None:
    grey = np.full(size, ground, np.uint8)
    cv2.circle(grey, at, 40, 120, -1)
    seen = appearance(coloured(grey))
    assert seen.centroid_x == pytest.approx((at[0] + 0.5) / size[1], abs=0.002)
    assert seen.centroid_y == pytest.approx((at[1] + 0.5) / size[0], abs=0.002)


def test_less_light_leaves_the_centroid_where_it_is() -> None:
    grey = np.full((300, 300), 40)
    grey[200:240, 30:150] = 240
    grey[20:90, 180:220] = 120
    full, half = (appearance(coloured((grey // divided).astype(np.uint8))) for divided in (1, 2))
    assert (half.centroid_x, half.centroid_y) == pytest.approx((full.centroid_x, full.centroid_y), abs=0.005)


def test_where_nothing_stands_out_the_middle_is_told() -> None:
    seen = appearance(np.full((200, 300, 3), 90, np.uint8))
    assert (seen.sharpness, seen.centroid_x, seen.centroid_y) == (0.0, 0.5, 0.5)


NOISE = np.random.default_rng(4).normal(0, 8, (300, 400))
SHADED = np.tile(np.linspace(60, 200, 400), (300, 1))


@pytest.mark.parametrize("field", [np.full((300, 400), 128.0), 128 + NOISE, np.abs(NOISE), SHADED, SHADED + NOISE])
def test_an_even_or_shaded_field_has_no_detail(field: NDArray[np.float64]) -> None:
    assert appearance(coloured(np.clip(field, 0, 255).astype(np.uint8))).is_featureless


@pytest.mark.parametrize("scale", [1, 4])
def test_a_fine_texture_and_a_small_part_have_detail(scale: int) -> None:
    random = np.random.default_rng(5)
    texture = np.asarray(cv2.GaussianBlur(random.normal(140, 40, (300 * scale, 400 * scale)), (0, 0), 1.5))
    part = np.full((300 * scale, 400 * scale), 100.0)
    part[: 20 * scale, : 20 * scale] = 200
    for field in (texture, part):
        assert not appearance(coloured(np.clip(field, 0, 255).astype(np.uint8))).is_featureless


def coloured(grey: NDArray[np.uint8]) -> Image:
    return np.repeat(grey[:, :, None], 3, axis=2)
