"""ResNets: torchvision's numbers, each layer's samples at their places, and files of either kind."""

import numpy as np
import pytest
from torchvision.models import resnet

from app.engine.backbone.layers import at_patches
from app.engine.backbone.resnet import NETWORKS, STRIDES_PX, ResNetBackbone, load_network
from app.engine.device.faiss_torch import torch
from app.engine.types import Grid
from app.errors import WeightsUnavailable
from app.weights.registry import load_registry
from app.weights.tensors import load_tensors
from tests.engine.backbone.textures import Pixels, grating
from tests.shared import SHARED, needs_shared

REGISTRY = load_registry()
SPEC = REGISTRY.spec("resnet18")
STAND_IN = REGISTRY.spec("resnet18_layer1-3")
Tensors = dict[str, torch.Tensor]


def reference_network(name: str) -> torch.nn.Module:
    """torchvision's own, drawn at random, with normalisations that do something."""
    torch.manual_seed(7)
    network: torch.nn.Module = getattr(resnet, name)(weights=None)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                assert tensor is not None
                torch.nn.init.uniform_(tensor, 0.5, 1.5)
    return network.eval()


def random_tensors(name: str) -> Tensors:
    return reference_network(name).state_dict()


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    return random_tensors("resnet18")


@pytest.fixture(scope="module")
def stand_in() -> ResNetBackbone:
    return ResNetBackbone(STAND_IN, load_tensors(SHARED / "weights" / STAND_IN.file), "cpu")


def normalised(image: Pixels) -> Pixels:
    mean, std = (np.array(each, np.float32)[:, None, None] for each in (SPEC.mean, SPEC.std))
    return np.asarray((image - mean) / std, np.float32)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_planes_are_those_that_torchvision_computes(name: str) -> None:
    network = reference_network(name)
    backbone = ResNetBackbone(REGISTRY.spec(name), network.state_dict(), "cpu")
    images = np.random.default_rng(1).normal(size=(2, 3, 64, 72)).astype(np.float32)
    seen: list[torch.Tensor] = []
    for layer in ("layer2", "layer3"):
        network.get_submodule(layer).register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.inference_mode():
        network(torch.from_numpy(images))
    for planes, expected in zip(backbone.planes(images), seen, strict=True):
        torch.testing.assert_close(planes, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_a_file_may_lack_the_layers_that_are_not_used(tensors: Tensors) -> None:
    used = {name: value for name, value in tensors.items() if not name.startswith(("layer4", "fc"))}
    images = normalised(grating(9, 30, 0))
    whole, part = (ResNetBackbone(SPEC, each, "cpu").extract(images) for each in (tensors, used))
    np.testing.assert_array_equal(whole, part)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"layer3.1.conv2.weight": None}, r"Missing key.*layer3\.1\.conv2\.weight"),
        ({"layer5.0.weight": torch.zeros(1)}, r"Unexpected key.*layer5\.0\.weight"),
        ({"conv1.weight": torch.zeros(64, 3, 3, 3)}, r"size mismatch for conv1\.weight"),
    ],
)
def test_other_tensors_are_refused(tensors: Tensors, change: dict[str, torch.Tensor | None], complaint: str) -> None:
    changed = {name: value for name, value in (tensors | change).items() if value is not None}
    with pytest.raises(WeightsUnavailable, match=rf"(?s)not those of resnet18.*{complaint}.*weights fetch resnet18"):
        load_network(SPEC, changed)


@pytest.mark.parametrize("grid", [(28, 28), (14, 35), (56, 57), (1, 1), (2, 9)])
def test_every_patch_of_any_grid_gets_a_row_of_two_unit_parts(tensors: Tensors, grid: tuple[int, int]) -> None:
    rows = ResNetBackbone(SPEC, tensors, "cpu").extract(normalised(grating(9, 30, 0, 8 * grid[0], 8 * grid[1])))
    assert rows.shape == (1, grid[0] * grid[1], SPEC.width)
    assert rows.dtype == np.float32
    np.testing.assert_allclose([np.linalg.norm(part, axis=2).mean() for part in np.split(rows, [128], axis=2)], 1)


def test_a_batch_gives_the_bytes_of_its_single_images(tensors: Tensors) -> None:
    backbone = ResNetBackbone(SPEC, tensors, "cpu")
    images = normalised(np.concatenate([grating(7, 0, 0), grating(12, 45, 1)]))
    singles = np.concatenate([backbone.extract(image[None]) for image in images])
    assert backbone.extract(images).tobytes() == singles.tobytes()


def test_images_of_one_pass_do_not_mix(tensors: Tensors) -> None:
    backbone = ResNetBackbone(SPEC, tensors, "cpu")
    images = normalised(np.concatenate([grating(7, 0, 0), grating(12, 45, 1), grating(30, 90, 2)]))
    with torch.inference_mode():
        found = backbone.features(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(found, backbone.extract(images), atol=1e-5)


def test_the_widths_are_those_of_the_registry() -> None:
    for name in NETWORKS:
        spec = REGISTRY.spec(name)
        model = load_network(spec, random_tensors(name))
        widths = [
            model.get_submodule(f"layer{layer}")(torch.zeros(1, inside, 8, 8)).shape[1]
            for layer, inside in zip(STRIDES_PX, (64, *spec.layer_widths[:2]), strict=True)
        ]
        assert tuple(widths) == spec.layer_widths


@needs_shared
@pytest.mark.parametrize("centre_px", [(56, 56), (116, 172), (161, 70)])
def test_a_dot_is_found_at_its_place(stand_in: ResNetBackbone, centre_px: tuple[int, int]) -> None:
    """The samples of both layers are taken where they lie: the change of a patch falls off evenly around the dot."""
    y, x = centre_px
    plain = np.full((1, 3, 224, 224), 0.1, np.float32)
    dotted = plain.copy()
    dotted[:, :, y - 3 : y + 4, x - 3 : x + 4] = 0.9
    before, after = (stand_in.planes(normalised(each)) for each in (plain, dotted))
    for stride_px, old, new in zip((8, 16), before, after, strict=True):
        change = (
            at_patches((new - old).square(), stride_px, (stride_px - 1) / 2, Grid(28, 28), 8)
            .sum(2)
            .reshape(28, 28)
            .numpy()
        )
        centres = (np.arange(28) + 0.5) * 8
        assert (change.sum(1) @ centres) / change.sum() == pytest.approx(y, abs=stride_px / 4)
        assert (change.sum(0) @ centres) / change.sum() == pytest.approx(x, abs=stride_px / 4)
