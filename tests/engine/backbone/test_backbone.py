"""What holds for every backbone."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from app.assembly import load_backbone
from app.engine.backbone.backbone import Backbone, no_pause
from app.engine.backbone.embedded import EmbeddedBackbone
from app.engine.backbone.resnet import ResNetBackbone
from app.engine.device.faiss_torch import torch
from app.settings import load_settings
from app.weights.registry import load_registry
from tests.api.tiny_backbone import tiny_backbone
from tests.engine.backbone.test_embedded import FILE, SPEC
from tests.engine.backbone.test_resnet import random_tensors
from tests.engine.backbone.textures import Pixels


@pytest.fixture(params=["float32", "bfloat16", "resnet18", "embedded", "efficientnet_lite0"])
def backbone(request: pytest.FixtureRequest) -> Backbone:
    """The embedded one, the packaged network, a ResNet, or a tiny transformer at that precision."""
    if request.param == "resnet18":
        return ResNetBackbone(load_registry().spec("resnet18"), random_tensors("resnet18"), "cpu")
    if request.param == "efficientnet_lite0":
        return load_backbone(load_registry().spec(request.param), load_settings(), "cpu")
    return EmbeddedBackbone(SPEC, load_file(FILE)) if request.param == "embedded" else tiny_backbone(request.param)


@pytest.fixture
def images() -> list[Pixels]:
    return list(np.random.default_rng(0).random((2, 1, 3, 112, 168), np.float32))


def test_another_pass_in_each_pause_changes_nothing(backbone: Backbone, images: list[Pixels]) -> None:
    alone = [backbone.extract(image) for image in images]
    inside: list[Pixels] = []

    def pass_of_another() -> None:
        backbone.pause = no_pause
        inside.append(backbone.extract(images[1]))
        backbone.pause = pass_of_another

    backbone.pause = pass_of_another
    np.testing.assert_array_equal(backbone.extract(images[0]), alone[0])
    assert len(inside) > 1
    assert all(np.array_equal(each, alone[1]) for each in inside)


def test_the_arithmetic_of_a_pass_ends_before_each_pause(backbone: Backbone, images: list[Pixels]) -> None:
    seen: list[bool] = []
    backbone.pause = lambda: seen.append(torch.is_autocast_enabled("cpu"))
    backbone.extract(images[0])
    assert seen
    assert not any(seen)
