"""What each method sees of a ResNet and of another backbone."""

import numpy as np
import pytest

from app.engine.backbone.layers import of_layers
from app.engine.backbone.resnet import ResNetBackbone
from app.engine.device.faiss_torch import torch
from app.engine.methods.features import laid_over, neighbourhood_means, plain_features
from app.engine.methods.patchcore import joined_layers, patchcore_features
from app.engine.types import Grid
from app.weights.registry import load_registry
from tests.api.tiny_backbone import tiny_backbone
from tests.engine.backbone.test_resnet import random_tensors

IMAGES = np.random.default_rng(5).normal(size=(2, 3, 64, 72)).astype(np.float32)


@pytest.fixture(scope="module")
def resnet() -> ResNetBackbone:
    return ResNetBackbone(load_registry().spec("resnet18"), random_tensors("resnet18"), "cpu")


def test_patchcore_sees_a_resnets_layers_joined_to_1024(resnet: ResNetBackbone) -> None:
    seen = patchcore_features(resnet)
    found = seen.extract(IMAGES)
    assert found.shape == (2, 8 * 9, seen.spec.width) == (2, 72, 1024)
    np.testing.assert_allclose(found, joined_layers(resnet.planes(IMAGES)).numpy(), rtol=1e-3, atol=1e-3)


def test_patchcore_sees_the_means_of_3x3_patches_of_another_backbone() -> None:
    backbone = tiny_backbone()
    images = np.random.default_rng(6).normal(size=(2, 3, 56, 70)).astype(np.float32)
    seen = patchcore_features(backbone)
    expected = [neighbourhood_means(each, Grid(4, 5)) for each in backbone.extract(images)]
    np.testing.assert_array_equal(seen.extract(images), expected)
    assert seen.spec is backbone.spec


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
    view = of_layers(resnet, (1, 3), "concat")
    for seen in (patchcore_features(view), plain_features(view)):
        assert seen.spec.patch_size == 4
        assert seen.extract(IMAGES).shape == (2, 16 * 18, seen.spec.width)


def test_equal_layers_are_not_interpolated() -> None:
    planes = torch.arange(12, dtype=torch.float32).reshape(1, 2, 2, 3)
    assert torch.equal(laid_over([planes, planes])[0, :, :2], planes.flatten(2)[0].T)
