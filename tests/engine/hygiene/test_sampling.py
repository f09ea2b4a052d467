"""A raw mosaic is known by neighbours that differ more than pixels two apart."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.engine.hygiene.sampling import MOSAIC_RATIO, mosaic_contrast
from app.evaluate.dataset import read_image
from tests.shared import SHARED, needs_shared

PHOTOGRAPHS = sorted((SHARED / "data").glob("*/train/good/*"))[::10]


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[:, :, None].astype(np.uint8), 3, axis=2)


def test_a_checked_ground_is_told_and_stripes_and_hardly_any_difference_are_not() -> None:
    rows, columns = np.indices((40, 40))
    assert mosaic_contrast(grey(100 + 30 * (rows % 2) + 30 * (columns % 2))) > MOSAIC_RATIO
    assert mosaic_contrast(grey(100 + 30 * (columns % 2))) == 0
    assert mosaic_contrast(grey(100 + (rows % 2) + (columns % 2))) == 0


def test_colours_are_no_mosaic() -> None:
    image = grey(np.random.default_rng(0).integers(0, 255, (40, 40)))
    image[0, 0] = (1, 2, 3)
    assert mosaic_contrast(image) == 0


@needs_shared
@pytest.mark.parametrize("path", PHOTOGRAPHS, ids=lambda path: f"{path.parts[-4]}-{path.stem}")
def test_no_photograph_turned_grey_is_accused(path: Path) -> None:
    assert mosaic_contrast(grey(cv2.cvtColor(read_image(path), cv2.COLOR_RGB2GRAY))) < MOSAIC_RATIO
