"""Rotations of a reference."""

import cv2
import numpy as np

from app.engine.photograph.augment import rotate


def test_no_turn_is_the_image_itself() -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    assert rotate(image, 0) is image


def test_a_quarter_turn_is_counter_clockwise_and_one_pixel_off() -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    np.testing.assert_array_equal(rotate(image, 90)[1:, :], np.rot90(image)[:-1, :])


def test_the_size_stays_and_corners_are_mirrored_not_black() -> None:
    turned = rotate(np.full((60, 90, 3), 200, np.uint8), 45)
    assert turned.shape == (60, 90, 3)
    assert turned.min() == 200


def test_the_turn_is_around_half_the_width_and_height() -> None:
    image = np.zeros((41, 41, 3), np.uint8)
    cv2.circle(image, (30, 20), 3, (255, 255, 255), -1)
    rows, columns = np.nonzero(rotate(image, 90)[:, :, 0])
    assert (rows.mean(), columns.mean()) == (11, 20)
