"""Brightness and contrast of a photograph."""

import numpy as np
import pytest

from app.engine.photometry import light


@pytest.mark.parametrize("shape", [(1, 1, 3), (300, 200, 3)])
def test_brightness_and_contrast_are_mean_and_deviation_of_the_grey_level(shape: tuple[int, int, int]) -> None:
    grey = np.random.default_rng(2).integers(0, 256, shape[:2]).astype(np.uint8)
    seen = light(np.repeat(grey[:, :, None], 3, axis=2))
    assert seen.brightness == pytest.approx(grey.mean(), abs=0.01)
    assert seen.contrast == pytest.approx(grey.std(), abs=0.01)


def test_colours_count_as_the_eye_sees_them() -> None:
    red, green = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    red[:, :, 0] = green[:, :, 1] = 200
    assert light(green).brightness > light(red).brightness > 0
