from collections.abc import Sequence

import numpy as np
import pytest

from app.engine.masking.foreground import foreground_mask
from app.engine.masking.masking_test import ACCEPTED, masking_test
from app.engine.masking.verdict import MaskingVerdict
from app.engine.options import ROTATION_ANGLES_DEG, Profile
from app.engine.types import Image, PatchFeatures
from tests.engine.masking.drawn import (
    OTSU,
    cobbles,
    disc_on_plain,
    geometry,
    grid_features,
    patch_statistics,
    rotations,
)


def verdict(image: Image) -> MaskingVerdict:
    return decide(rotations(image))


def decide(features: Sequence[PatchFeatures], profile: Profile = "robust") -> MaskingVerdict:
    masks = [foreground_mask(each, OTSU, profile) for each in features]
    return masking_test(features, masks, ROTATION_ANGLES_DEG[: len(features)])


@pytest.mark.parametrize("share", [0.1, 0.25, 0.4])
def test_an_object_on_a_plain_background_is_accepted(share: float) -> None:
    assert verdict(disc_on_plain(share)).failed == ()


def test_an_object_off_the_centre_is_accepted() -> None:
    assert verdict(disc_on_plain(0.12, centre=(0.28, 0.65))).accepted


@pytest.mark.parametrize("share", [0.6, 0.75])
def test_a_close_up_is_refused(share: float) -> None:
    found = verdict(disc_on_plain(share))
    assert not found.accepted
    assert "largest_foreground_fraction" in found.failed


def test_a_texture_is_refused() -> None:
    found = verdict(cobbles())
    assert not found.accepted
    assert {"border_contact", "components"} & set(found.failed)


def test_an_object_that_runs_off_the_image_is_refused() -> None:
    image = disc_on_plain(0.01)
    image[80:150] = (120, 70, 40)
    assert "border_contact" in verdict(image).failed


def test_an_object_too_small_to_be_told_from_a_speck_is_refused() -> None:
    assert "smallest_foreground_fraction" in verdict(disc_on_plain(0.01)).failed


def test_a_mask_that_does_not_turn_with_the_image_is_refused() -> None:
    still = [patch_statistics(disc_on_plain(0.1, centre=(0.3, 0.3)))] * 8
    assert decide(still).failed == ("rotation_agreement",)


def test_a_background_as_varied_as_the_whole_image_is_refused() -> None:
    disc = patch_statistics(disc_on_plain(0.2)).values[:, 0] < 150
    clutter = np.random.default_rng(7).normal(0, 3.5, (784, 30)) * ~disc[:, None]
    values = np.concatenate([10 * disc[:, None], clutter], axis=1).astype(np.float32)
    features = PatchFeatures(values, geometry(28, 28))
    assert decide([features] * 8).failed == ("background_spread",)


def test_the_same_reference_gives_the_same_verdict() -> None:
    assert verdict(disc_on_plain(0.3)) == verdict(disc_on_plain(0.3))


def test_every_range_has_its_number() -> None:
    assert list(verdict(disc_on_plain(0.2)).numbers) == list(ACCEPTED)


def test_an_image_of_one_colour_is_refused() -> None:
    plain = [grid_features(np.full((10, 10), 3.0))] * 8
    assert not decide(plain).accepted


def test_the_masks_tested_are_those_of_the_profile() -> None:
    small = rotations(disc_on_plain(0.08))
    assert decide(small).accepted
    assert not decide(small, "paper").accepted


def test_without_rotations_there_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="at least one rotation"):
        decide(rotations(disc_on_plain(0.2))[:1])
