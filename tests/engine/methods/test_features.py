"""What SPADE and PaDiM see of a ResNet and of another backbone."""

import numpy as np
import pytest

from app.engine.backbone.layers import of_layers
from app.engine.backbone.resnet import ResNetBackbone
from app.engine.device.faiss_torch import torch
from app.engine.methods.features import laid_over, plain_features
from app.weights.registry import load_registry
from tests.api.tiny_backbone import tiny_backbone
from tests.engine.backbone.test_resnet import random_tensors

IMAGES = np.random.default_rng(5).normal(size=(2, 3, 64, 72)).astype(np.float32)


@pytest.fixture(scope="module")
def resnet() -> ResNetBackbone:
    return ResNetBackbone(load_registry().spec("resnet18"), random_tensors("resnet18"), "cpu")


def test_plain_features_are_the_layers_as_they_come(resnet: ResNetBackbone) -> None:
    seen = plain_features(resnet)
    second, third = resnet.planes(IMAGES)
    found = seen.extract(IMAGES)
    assert found.shape == (2, 72, seen.spec.width) == (2, 72, 384)
    np.testing.assert_allclose(found[:, :, :128], second.flatten(2).transpose(1, 2).numpy(), rtol=1e-3, atol=1e-3)
    laid = torch.nn.functional.interpolate(third, (8, 9), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(found[:, :, 128:], laid.flatten(2).transpose(1, 2).numpy(), rtol=1e-3, atol=1e-3)
    assert plain_features(tiny := tiny_backbone()) is tiny


def test_a_patch_is_a_sample_of_the_finest_layer(resnet: ResNetBackbone) -> None:
    seen = plain_features(of_layers(resnet, (1, 3), "concat"))
    assert seen.spec.patch_size == 4
    assert seen.extract(IMAGES).shape == (2, 16 * 18, seen.spec.width) == (2, 288, 320)


def test_equal_layers_are_not_interpolated() -> None:
    planes = torch.arange(12, dtype=torch.float32).reshape(1, 2, 2, 3)
    assert torch.equal(laid_over([planes, planes])[0, :, :2], planes.flatten(2)[0].T)
