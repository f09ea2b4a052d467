"""The nearest reference patch is shown where the reference has it."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.bank.bank import MemoryBank, Segment
from app.engine.bank.nearest_patch import NearestPatch, nearest_patch
from app.engine.options import ROTATION_ANGLES_DEG
from app.engine.photograph.augment import rotate
from app.engine.photograph.preprocess import geometry
from app.engine.types import Box, Geometry, Image, Size

PATCH = 14
SMALLER_EDGE = 100
"""Not a multiple of the patch, so that a part of every reference is cropped off."""

SIZES = [Size(200, 200), Size(151, 255), Size(253, 170), Size(41, 63)]


def placed(size: Size) -> Geometry:
    return geometry(size, SMALLER_EDGE, PATCH, "crop")


def bank(sizes: list[Size], angles_deg: tuple[float, ...] = ROTATION_ANGLES_DEG) -> MemoryBank:
    grids = [placed(size).grid for size in sizes]
    rows = [np.zeros((len(angles_deg) * grid.patches, 2), np.float32) for grid in grids]
    parts = zip(rows, grids, strict=True)
    return MemoryBank([Segment(each, np.ones(grid.patches, bool), angles_deg, grid) for each, grid in parts], "cpu")


def nearest(patch: int, angle_deg: float, size: Size) -> NearestPatch:
    return nearest_patch(patch, bank([size], (angle_deg,)), [placed(size)])


def patch_centres(reference: Geometry) -> NDArray[np.float64]:
    """Of every patch, x and y in pixels of the original, the first pixel's edge at 0; N×2 in raster order."""
    step_x = reference.original.width / reference.resized.width * PATCH
    step_y = reference.original.height / reference.resized.height * PATCH
    rows, columns = np.divmod(np.arange(reference.grid.patches), reference.grid.columns)
    return np.stack([(columns + 0.5) * step_x, (rows + 0.5) * step_y], axis=1)


def centre(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


@pytest.mark.parametrize("size", SIZES)
def test_without_a_rotation_it_is_the_patch_itself(size: Size) -> None:
    centres = patch_centres(placed(size))
    boxes = [nearest(patch, 0.0, size).box for patch in range(len(centres))]
    np.testing.assert_allclose([centre(box) for box in boxes], centres, atol=1)
    assert boxes[0] == Box(0, 0, round(2 * centres[0][0]), round(2 * centres[0][1]))


@pytest.mark.parametrize(
    ("angle_deg", "cosine", "sine"), [(90.0, 0.0, 1.0), (45.0, math.sqrt(0.5), math.sqrt(0.5)), (180.0, -1.0, 0.0)]
)
@pytest.mark.parametrize("size", SIZES)
def test_a_rotation_is_undone_around_its_centre(size: Size, angle_deg: float, cosine: float, sine: float) -> None:
    """Only patches that came from well inside the image: at its border a box is cut off."""
    middle = np.array([size.width + 1, size.height + 1]) / 2
    centres = patch_centres(placed(size)) - middle
    expected = centres @ np.array([[cosine, sine], [-sine, cosine]]) + middle
    inside = ((expected > 0.15 * middle) & (expected < 1.85 * middle)).all(axis=1)
    found = np.array([centre(nearest(patch, angle_deg, size).box) for patch in range(len(centres))])
    assert inside.sum() > len(inside) / 3
    np.testing.assert_allclose(found[inside], expected[inside], atol=1)


@pytest.mark.parametrize("angle_deg", ROTATION_ANGLES_DEG)
@pytest.mark.parametrize("size", SIZES)
def test_it_shows_what_the_rotated_patch_showed(size: Size, angle_deg: float) -> None:
    """The reference's colours are its coordinates, so a pixel of the rotated one tells where it is from, even where the
    rotation has mirrored the image."""
    reference: Image = np.zeros((size.height, size.width, 3), np.uint8)
    reference[:, :, 0] = np.arange(size.width)
    reference[:, :, 1] = np.arange(size.height)[:, None]
    rotated = rotate(reference, angle_deg)
    for patch, (x, y) in enumerate(patch_centres(placed(size))):
        from_x, from_y, _ = rotated[int(y), int(x)].astype(int)
        box = nearest(patch, angle_deg, size).box
        assert box.x - 1 <= from_x <= box.x + box.width
        assert box.y - 1 <= from_y <= box.y + box.height


@pytest.mark.parametrize("size", SIZES)
def test_it_lies_inside_the_reference(size: Size) -> None:
    memory_bank = bank([size])
    for row in range(memory_bank.rows):
        box = nearest_patch(row, memory_bank, [placed(size)]).box
        assert 0 <= box.x < box.x + box.width <= size.width
        assert 0 <= box.y < box.y + box.height <= size.height


def test_it_names_the_reference_and_the_angle_and_takes_that_references_size() -> None:
    sizes = [Size(200, 200), Size(100, 160)]
    first_rows = 8 * placed(sizes[0]).grid.patches
    patches = placed(sizes[1]).grid.patches
    found = nearest_patch(first_rows + patches + 17, bank(sizes), [placed(size) for size in sizes])
    assert (found.reference, found.angle_deg) == (1, 45.0)
    assert found.box == nearest(17, 45.0, sizes[1]).box
