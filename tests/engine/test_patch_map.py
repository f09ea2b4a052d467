"""What is kept of an inspected image draws, at any later time, what was drawn on the day."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from app.engine.heatmap import HeatmapStyle
from app.engine.options import Profile
from app.engine.patch_map import HeatmapSize, PatchMap
from app.engine.photograph.preprocess import geometry
from app.engine.types import Size
from app.errors import InvalidRequest

RANDOM = np.random.default_rng(20261128)
IMAGE = RANDOM.integers(0, 256, (150, 243, 3), np.uint8)
GEOMETRY = geometry(Size(150, 243), 112, 14, "crop")
PATCHES = GEOMETRY.grid.patches


def made(profile: Profile = "robust") -> PatchMap:
    scored = RANDOM.random(PATCHES) > 0.3
    distances = np.where(scored, RANDOM.random(PATCHES, np.float32), np.float32(0)).astype(np.float32)
    return PatchMap(distances, scored, scored & (distances > 0.8), GEOMETRY, profile, 0.7123456789, 112, 12)


@pytest.mark.parametrize("profile", get_args(Profile))
@pytest.mark.parametrize("style", get_args(HeatmapStyle))
@pytest.mark.parametrize("size", ["map", "image", 64])
def test_it_draws_the_same_after_it_was_kept(profile: Profile, style: HeatmapStyle, size: HeatmapSize) -> None:
    given = made(profile)
    kept = PatchMap.of_png(given.png())
    assert kept.drawn(IMAGE, style, size) == given.drawn(IMAGE, style, size)


def test_every_number_comes_back_to_the_bit() -> None:
    awkward = np.resize(np.array([0, np.inf, 1e-45, 3.4e38, 1 / 3], np.float32), PATCHES)
    kept = PatchMap.of_png(replace(made(), distances=awkward).png())
    np.testing.assert_array_equal(kept.distances, awkward)
    assert kept.distances.dtype == np.float32


def test_no_regions_and_none_that_could_be_told_are_not_the_same() -> None:
    without = replace(made(), in_region=None)
    none_found = replace(made(), in_region=np.zeros(PATCHES, bool))
    with pytest.raises(InvalidRequest, match="calibrate first"):
        PatchMap.of_png(without.png()).drawn(IMAGE, "mask", "map")
    assert PatchMap.of_png(none_found.png()).drawn(IMAGE, "mask", "map").style == "mask"


def test_a_changed_byte_is_noticed() -> None:
    data = made().png()
    for at in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        with pytest.raises(ValueError, match=r"."):
            PatchMap.of_png(bytes(damaged))


def test_a_file_that_ends_early_is_noticed() -> None:
    with pytest.raises(ValueError, match="no patch map"):
        PatchMap.of_png(made().png()[:-20])
