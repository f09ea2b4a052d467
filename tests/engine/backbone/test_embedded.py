"""The embedded backbone on images drawn here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from app.engine.backbone.embedded import WIDTH, EmbeddedBackbone
from app.engine.backbone.spec import BackboneSpec
from app.engine.bank.bank import unit_length
from app.errors import WeightsUnavailable
from tests.engine.backbone.textures import Pixels, grating

FILE = Path(__file__).resolve().parents[3] / "models" / "embedded.safetensors"
SPEC = BackboneSpec(
    name="embedded",
    architecture="embedded",
    patch_size=14,
    width=WIDTH,
    depth=0,
    heads=0,
    registers=0,
    mlp="none",
    layer_scale=False,
    stored_grid=0,
    position_embedding="none",
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    mask_rule="otsu",
    mask_threshold=None,
    heat_scale=1.0,
    file=FILE.name,
    address=None,
    size_bytes=None,
    sha256="",
    licence="Apache-2.0",
)


@pytest.fixture(scope="module")
def backbone() -> EmbeddedBackbone:
    return EmbeddedBackbone(SPEC, load_file(FILE))


def farthest(backbone: EmbeddedBackbone, query: Pixels, reference: Pixels) -> float:
    """Median cosine distance of the query's patches to their nearest patches of the reference."""
    rows, bank = (unit_length(backbone.extract(image)[0]) for image in (query, reference))
    return float(np.median(1 - (rows @ bank.T).max(1)))


@pytest.mark.parametrize(("height", "width"), [(224, 224), (112, 280), (448, 588), (14, 14), (28, 140)])
def test_every_patch_of_any_grid_gets_a_row(backbone: EmbeddedBackbone, height: int, width: int) -> None:
    rows = backbone.extract(grating(9, 30, 0, height, width))
    assert rows.shape == (1, (height // 14) * (width // 14), WIDTH)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_the_same_image_twice_gives_the_same_bytes(backbone: EmbeddedBackbone) -> None:
    image = grating(9, 30, 0)
    again = EmbeddedBackbone(SPEC, load_file(FILE))
    assert backbone.extract(image).tobytes() == again.extract(image.copy()).tobytes()


def test_a_batch_gives_the_bytes_of_its_single_images(backbone: EmbeddedBackbone) -> None:
    images = np.concatenate([grating(7, 0, 0), grating(12, 45, 1), grating(30, 90, 2)])
    singles = np.concatenate([backbone.extract(image[None]) for image in images])
    assert backbone.extract(images).tobytes() == singles.tobytes()


def test_a_read_only_image_is_taken_and_left_as_it_was(backbone: EmbeddedBackbone) -> None:
    image = grating(9, 30, 0)
    before = image.copy()
    image.flags.writeable = False
    backbone.extract(image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    "other",
    [grating(8, 75, 1), grating(24, 30, 1), np.full((1, 3, 224, 224), 0.5, np.float32)],
    ids=["turned", "coarser", "blank"],
)
def test_another_texture_is_farther_than_the_same_texture(backbone: EmbeddedBackbone, other: Pixels) -> None:
    reference, same = grating(8, 30, 0), grating(8, 30, 1)
    assert farthest(backbone, other, reference) > 10 * farthest(backbone, same, reference)


def test_another_colour_of_the_same_brightness_is_far(backbone: EmbeddedBackbone) -> None:
    reference, same = grating(8, 30, 0), grating(8, 30, 1)
    tinted = same + np.array([0.12, -0.12, 0], np.float32)[None, :, None, None]
    assert farthest(backbone, tinted, reference) > 10 * farthest(backbone, same, reference)


def test_a_scratch_stands_out_where_it_is(backbone: EmbeddedBackbone) -> None:
    reference, scratched = grating(8, 30, 0), grating(8, 30, 1)
    scratched[:, :, 100:103, 90:134] += 0.4
    rows, bank = (unit_length(backbone.extract(image)[0]) for image in (scratched, reference))
    distances = (1 - (rows @ bank.T).max(1)).reshape(16, 16)
    row, column = np.unravel_index(distances.argmax(), distances.shape)
    assert abs(row - 101 / 14) <= 1.5
    assert 90 / 14 - 1.5 <= column <= 134 / 14 + 0.5


def test_patches_lie_in_raster_order(backbone: EmbeddedBackbone) -> None:
    image = np.full((1, 3, 112, 280), 0.2, np.float32)
    image[:, :, :, 140:] = 0.9
    rows = unit_length(backbone.extract(image)[0]).reshape(8, 20, WIDTH)
    likeness = rows @ rows[0, 0]
    assert likeness[:, 0].min() > 0.99
    assert likeness[:, -1].max() < 0.95


def test_the_file_of_another_version_is_refused() -> None:
    tensors = load_file(FILE)
    tensors["mean"] = tensors["mean"][:-1]
    with pytest.raises(WeightsUnavailable, match="make_embedded"):
        EmbeddedBackbone(SPEC, tensors)
    with pytest.raises(WeightsUnavailable, match="make_embedded"):
        EmbeddedBackbone(replace(SPEC, width=WIDTH + 1), load_file(FILE))
