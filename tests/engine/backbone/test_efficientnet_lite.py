"""EfficientNet-Lite0's middle layers: the numbers of its own reference code, and what its features tell apart."""

import numpy as np
import pytest

from app.engine.backbone.efficientnet_lite import LAYERS, EfficientNetLite, blocks, centred, layer_rows, load_network
from app.engine.bank.rows import unit_length
from app.engine.device.faiss_torch import torch
from app.errors import WeightsUnavailable
from app.weights.files import weight_file
from app.weights.packaged import packaged_network
from app.weights.registry import load_registry, registry_path
from app.weights.tensors import load_tensors
from tests.engine.backbone.textures import Pixels, grating

SPEC = load_registry().spec("embedded")
STATISTICS = load_tensors(weight_file(SPEC, registry_path()))


@pytest.fixture(scope="module")
def network() -> dict[str, torch.Tensor]:
    return packaged_network()


@pytest.fixture(scope="module")
def backbone(network: dict[str, torch.Tensor]) -> EfficientNetLite:
    return EfficientNetLite(SPEC, network, STATISTICS, "cpu")


def normalised(image: Pixels) -> Pixels:
    mean, std = (np.array(each, np.float32)[:, None, None] for each in (SPEC.mean, SPEC.std))
    return (image - mean) / std


def distances(backbone: EfficientNetLite, query: Pixels, reference: Pixels) -> Pixels:
    """Cosine distance of the query's patches to their nearest patches of the reference."""
    rows, bank = (unit_length(backbone.extract(normalised(image))[0]) for image in (query, reference))
    return np.asarray(1 - (rows @ bank.T).max(1))


@pytest.mark.parametrize(
    ("block", "norm", "values"),
    [
        (4, 1271.496337890625, [1.0221331119537354, -3.200969934463501, -8.308542251586914, -0.8460707664489746]),
        (10, 581.1094970703125, [0.006381470710039139, 1.374176025390625, -2.311063289642334, 6.617786884307861]),
    ],
)
def test_the_blocks_give_what_the_package_of_the_weights_computes(
    network: dict[str, torch.Tensor], block: int, norm: float, values: list[float]
) -> None:
    """Facts: `efficientnet_lite_pytorch` 0.1.0 with the same weights, on the same noise."""
    model = load_network(network)
    noise = np.random.default_rng(7).uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    with torch.inference_mode():
        planes = model.bn1(model.conv_stem(torch.from_numpy(noise)))
        for each in blocks(model)[: block + 1]:
            planes = each(planes)
    assert float(planes.norm()) == pytest.approx(norm, rel=1e-4)
    np.testing.assert_allclose(planes[0, :4, 3, 5].numpy(), values, atol=2e-3)


@pytest.mark.parametrize("centre_px", [(56, 56), (112, 168), (161, 70)])
def test_a_dot_is_found_at_its_place(network: dict[str, torch.Tensor], centre_px: tuple[int, int]) -> None:
    """Each layer's samples lie where they are taken from: the change of a patch falls off evenly around the dot."""
    y, x = centre_px
    plain = np.full((1, 3, 224, 224), 0.1, np.float32)
    dotted = plain.copy()
    dotted[:, :, y - 3 : y + 4, x - 3 : x + 4] = 0.9
    model = load_network(network)
    with torch.inference_mode():
        before, after = (
            centred(layer_rows(model, torch.from_numpy(each), 14), torch.zeros(SPEC.width - 1))[0].numpy()
            for each in (plain, dotted)
        )
    change = np.square(after - before).sum(1).reshape(16, 16)
    rows, columns = ((np.arange(16) + 0.5) * 14 for _ in range(2))
    assert (change.sum(1) @ rows) / change.sum() == pytest.approx(y, abs=7)
    assert (change.sum(0) @ columns) / change.sum() == pytest.approx(x, abs=7)


@pytest.mark.parametrize(("height", "width"), [(224, 224), (112, 280), (448, 588), (14, 14), (28, 140)])
def test_every_patch_of_any_grid_gets_a_row(backbone: EfficientNetLite, height: int, width: int) -> None:
    rows = backbone.extract(normalised(grating(9, 30, 0, height, width)))
    assert rows.shape == (1, (height // 14) * (width // 14), SPEC.width)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_a_batch_gives_the_bytes_of_its_single_images(backbone: EfficientNetLite) -> None:
    images = normalised(np.concatenate([grating(7, 0, 0), grating(12, 45, 1), grating(30, 90, 2)]))
    singles = np.concatenate([backbone.extract(image[None]) for image in images])
    assert backbone.extract(images).tobytes() == singles.tobytes()


def test_images_of_one_pass_do_not_mix(backbone: EfficientNetLite) -> None:
    images = normalised(np.concatenate([grating(7, 0, 0), grating(12, 45, 1), grating(30, 90, 2)]))
    with torch.inference_mode():
        found = backbone.features(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(found, backbone.extract(images), atol=1e-3)


@pytest.mark.parametrize(
    "other",
    [grating(8, 75, 1), grating(24, 30, 1), np.full((1, 3, 224, 224), 0.5, np.float32)],
    ids=["turned", "coarser", "blank"],
)
def test_another_texture_is_farther_than_the_same_texture(backbone: EfficientNetLite, other: Pixels) -> None:
    reference, same = grating(8, 30, 0), grating(8, 30, 1)
    farther, near = (float(np.median(distances(backbone, each, reference))) for each in (other, same))
    assert farther > 3 * near


def test_a_scratch_stands_out_where_it_is(backbone: EfficientNetLite) -> None:
    reference, scratched = grating(8, 30, 0), grating(8, 30, 1)
    scratched[:, :, 100:103, 90:134] += 0.4
    found = distances(backbone, scratched, reference).reshape(16, 16)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert abs(row - 101 / 14) <= 1.5
    assert 90 / 14 - 1.5 <= column <= 134 / 14 + 0.5


def test_a_read_only_image_is_taken_and_left_as_it_was(backbone: EfficientNetLite) -> None:
    image = normalised(grating(9, 30, 0))
    before = image.copy()
    image.flags.writeable = False
    backbone.extract(image)
    np.testing.assert_array_equal(image, before)


def test_another_colour_of_the_same_brightness_is_far(backbone: EfficientNetLite) -> None:
    reference, same = grating(8, 30, 0), grating(8, 30, 1)
    tinted = same + np.array([0.12, -0.12, 0], np.float32)[None, :, None, None]
    farther, near = (float(np.median(distances(backbone, each, reference))) for each in (tinted, same))
    assert farther > 3 * near


def test_patches_lie_in_raster_order(backbone: EfficientNetLite) -> None:
    image = np.full((1, 3, 112, 280), 0.2, np.float32)
    image[:, :, :, 140:] = 0.9
    rows = unit_length(backbone.extract(normalised(image))[0]).reshape(8, 20, SPEC.width)
    likeness = rows @ rows[0, 0]
    assert likeness[:, 0].min() > likeness[:, -1].max() + 0.1


def test_other_tensors_are_refused(network: dict[str, torch.Tensor]) -> None:
    with pytest.raises(WeightsUnavailable, match="EfficientNet-Lite0"):
        load_network(dict(list(network.items())[1:]))
    with pytest.raises(WeightsUnavailable, match="make_embedded"):
        EfficientNetLite(SPEC, network, STATISTICS | {"mean": STATISTICS["mean"][:-1]}, "cpu")


def test_the_layers_are_as_wide_as_the_registry_says(network: dict[str, torch.Tensor]) -> None:
    widths = [next(reversed([*each.parameters()])).shape[0] for each in blocks(load_network(network))]
    assert sum(widths[number] for number in LAYERS) + 1 == SPEC.width
