"""Which pixels no scored patch saw."""

import numpy as np

from app.engine.masking.pixels import unseen_pixels
from app.engine.photograph.preprocess import geometry
from app.engine.types import Size


def test_nothing_is_unseen_where_every_patch_is_scored() -> None:
    whole = geometry(Size(300, 410), 140, 14, "whole")
    assert unseen_pixels(np.ones(whole.grid.patches, bool), whole) is None


def test_masked_patches_are_unseen_where_they_are() -> None:
    square = geometry(Size(280, 280), 140, 14, "whole")
    mask = np.ones((10, 10), bool)
    mask[2, 3] = False
    expected = np.zeros((280, 280), bool)
    expected[56:84, 84:112] = True
    np.testing.assert_array_equal(unseen_pixels(mask.ravel(), square), expected)


def test_the_edge_that_was_cropped_off_is_unseen() -> None:
    """Resized to 150×242 px, of which the patches see 140×238: 280×476 px of the original."""
    cropped = geometry(Size(300, 485), 150, 14, "crop")
    unseen = unseen_pixels(np.ones(cropped.grid.patches, bool), cropped)
    assert unseen is not None
    assert not unseen[:279, :476].any()
    assert unseen[281:].all()
    assert unseen[:, 478:].all()
