"""Chosen layers: which there are, what becomes of them, and that the network is shared."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.backbone.layers import of_layers
from app.engine.backbone.resnet import ResNetBackbone
from app.engine.backbone.vit import ViTBackbone
from app.engine.options import LayersJoin
from app.errors import InvalidSettings
from app.weights.registry import load_registry
from tests.api.tiny_backbone import TINY, tiny_backbone
from tests.engine.backbone.test_resnet import random_tensors

Rows = NDArray[np.float32]

REGISTRY = load_registry()
IMAGES = np.random.default_rng(3).normal(size=(2, 3, 56, 70)).astype(np.float32)


def unit(rows: Rows) -> Rows:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def cut_off(blocks: int) -> Rows:
    """What the transformer gives whose last block this is."""
    backbone = tiny_backbone()
    backbone._model.blocks = backbone._model.blocks[:blocks]
    backbone.spec = replace(TINY, depth=blocks)
    return backbone.extract(IMAGES)


@pytest.fixture
def tiny() -> ViTBackbone:
    return tiny_backbone()


def test_a_middle_block_is_what_a_shorter_network_ends_with(tiny: ViTBackbone) -> None:
    np.testing.assert_allclose(of_layers(tiny, (1,), "concat").extract(IMAGES), unit(cut_off(1)), atol=1e-6)


def test_blocks_are_joined_as_unit_parts(tiny: ViTBackbone) -> None:
    view = of_layers(tiny, (1, 2), "concat")
    expected = np.concatenate([unit(cut_off(1)), unit(cut_off(2))], axis=2)
    np.testing.assert_allclose(view.extract(IMAGES), expected, atol=1e-6)
    assert view.spec.width == expected.shape[2]


def test_blocks_are_averaged_as_unit_parts(tiny: ViTBackbone) -> None:
    view = of_layers(tiny, (1, 2), "mean")
    np.testing.assert_allclose(view.extract(IMAGES), (unit(cut_off(1)) + unit(cut_off(2))) / 2, atol=1e-6)
    assert view.spec.width == TINY.width


def test_a_view_leaves_the_backbone_as_it_is(tiny: ViTBackbone) -> None:
    before = tiny.extract(IMAGES)
    view = of_layers(tiny, (1,), "concat")
    view.extract(IMAGES)
    np.testing.assert_array_equal(tiny.extract(IMAGES), before)
    assert of_layers(tiny, (2,), "concat") is tiny


def test_a_resnet_gives_the_layer_that_is_asked_for() -> None:
    backbone = ResNetBackbone(REGISTRY.spec("resnet18"), random_tensors("resnet18"), "cpu")
    image = np.random.default_rng(4).normal(size=(1, 3, 64, 72)).astype(np.float32)
    second, third = np.split(backbone.extract(image), [128], axis=2)
    np.testing.assert_array_equal(of_layers(backbone, (2,), "concat").extract(image), second)
    np.testing.assert_array_equal(of_layers(backbone, (3,), "concat").extract(image), third)
    first = of_layers(backbone, (1, 3), "concat")
    assert first.extract(image).shape == (1, 72, 64 + 256) == (1, 72, first.spec.width)


@pytest.mark.parametrize(
    ("name", "layers", "join", "complaint"),
    [
        ("dinov2_vits14", (6, 13), "concat", "dinov2_vits14 has 1 to 12, not 6, 13"),
        ("resnet50", (4,), "concat", "resnet50 has 1 to 3, not 4"),
        ("resnet50", (2, 3), "mean", "512, 1024 channels"),
        ("embedded", (1,), "concat", "those of embedded are fixed"),
    ],
)
def test_what_there_is_not_is_refused(name: str, layers: tuple[int, ...], join: LayersJoin, complaint: str) -> None:
    with pytest.raises(InvalidSettings, match=complaint):
        REGISTRY.spec(name).with_layers(layers, join)


def test_a_mask_threshold_in_units_of_the_last_block_is_not_used_for_others() -> None:
    spec = REGISTRY.spec("dinov2_vits14")
    others = spec.with_layers((6, 12), "concat")
    assert (others.mask_rule, others.mask_threshold, others.width) == ("otsu", None, 768)
    assert REGISTRY.spec("vit_tiny_patch16_224").with_layers((6,), "concat").mask_rule == "otsu_core"
