import numpy as np
import pytest

from app.engine.masking.agreement import rotation_agreement
from app.engine.options import ROTATION_ANGLES_DEG
from app.engine.photograph.augment import rotate
from app.engine.types import Image, Mask
from tests.engine.masking.drawn import PATCH_PX, geometry

ROWS, COLUMNS = 24, 36


def lying_bar() -> Image:
    """A white bar off the centre of an image that is not square."""
    image = np.zeros((ROWS * PATCH_PX, COLUMNS * PATCH_PX, 3), np.uint8)
    image[60:120, 90:230] = 255
    return image


def bright_patches(image: Image) -> Mask:
    patches = image[..., 0].reshape(ROWS, PATCH_PX, COLUMNS, PATCH_PX).mean(axis=(1, 3))
    return np.asarray(patches.ravel() > 127, np.bool_)


def agreement(angles_deg: tuple[float, ...]) -> float:
    masks = [bright_patches(rotate(lying_bar(), angle_deg)) for angle_deg in ROTATION_ANGLES_DEG]
    return rotation_agreement(masks, angles_deg, geometry(ROWS, COLUMNS))


def test_masks_that_turn_with_the_image_agree() -> None:
    assert agreement(ROTATION_ANGLES_DEG) > 0.9


def test_masks_that_turn_the_other_way_do_not() -> None:
    assert agreement(tuple(-angle_deg for angle_deg in ROTATION_ANGLES_DEG)) < 0.6


def test_masks_that_stay_where_they_are_do_not() -> None:
    mask = bright_patches(lying_bar())
    assert rotation_agreement([mask] * 8, ROTATION_ANGLES_DEG, geometry(ROWS, COLUMNS)) < 0.6


def test_what_lies_in_the_mirrored_border_does_not_count() -> None:
    upright = bright_patches(lying_bar())
    turned = bright_patches(rotate(lying_bar(), 90)).reshape(ROWS, COLUMNS)
    turned[:, :4] = turned[:, -4:] = True
    found = rotation_agreement([upright, turned.ravel()], (0.0, 90.0), geometry(ROWS, COLUMNS))
    assert found == pytest.approx(
        rotation_agreement([upright, bright_patches(rotate(lying_bar(), 90))], (0.0, 90.0), geometry(ROWS, COLUMNS))
    )


def test_empty_masks_do_not_agree() -> None:
    nothing = np.zeros(ROWS * COLUMNS, bool)
    assert rotation_agreement([nothing] * 8, ROTATION_ANGLES_DEG, geometry(ROWS, COLUMNS)) == 0.0
