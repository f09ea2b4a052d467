"""The way of a photograph through a device: on tensors of the CPU it judges as the ordinary way does."""

from typing import Any, cast, get_args

import numpy as np
import pytest
from torch.overrides import TorchFunctionMode

from app.assembly import load_backbone
from app.engine.backbone.backbone import Backbone, DeviceBackbone
from app.engine.bank.bank import MemoryBank, segment
from app.engine.bank.index import Metric, TorchIndex
from app.engine.detector import patch_distances, patch_features, placed_features
from app.engine.device.faiss_torch import torch
from app.engine.masking.foreground import foreground_mask
from app.engine.options import Near, Preprocessing
from app.engine.photograph.preprocess import preprocess
from app.engine.types import ModelInput, PatchFeatures
from app.settings import load_settings
from app.weights.registry import load_registry
from models.drawn_images import drawn_image
from tests.shared import SHARED, needs_shared

UPRIGHT = Preprocessing(smaller_edge=112, rotation="off", fit="whole")
NETWORKS = [
    "embedded",
    *(pytest.param(name, marks=needs_shared) for name in ("vit_tiny_patch16_224", "resnet18_layer1-3")),
]


def loaded(name: str) -> DeviceBackbone:
    settings = load_settings(weights_dir=SHARED / "weights", precision="float32")
    backbone = load_backbone(load_registry().spec(name), settings, "cpu")
    assert isinstance(backbone, DeviceBackbone)
    return backbone


def seen(name: str, seeds: range) -> list[ModelInput]:
    spec = load_registry().spec(name)
    images = [(255 * drawn_image(np.random.default_rng(seed), 128)).astype(np.uint8) for seed in seeds]
    return [preprocess(image, UPRIGHT.smaller_edge, spec, "whole") for image in images]


@pytest.mark.parametrize("name", NETWORKS)
def test_images_in_one_pass_on_the_device_have_the_features_that_each_has_alone(name: str) -> None:
    backbone, inputs = loaded(name), seen(name, range(3))
    for placed, given in zip(placed_features(backbone, inputs), inputs, strict=True):
        [alone] = patch_features(cast(Backbone, backbone), [given])
        assert isinstance(placed.rows, torch.Tensor)
        np.testing.assert_allclose(placed.values, alone.values, atol=2e-4 * np.abs(alone.values).max())


class Staying(TorchFunctionMode):
    """Within it, patch features of `LARGE` cannot be brought to host memory."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.__name__ in ("cpu", "numpy", "tolist") and args[0].shape == LARGE:
            raise AssertionError("patch features were copied to host memory")
        return func(*args, **(kwargs or {}))


LARGE = torch.Size((64, 153))


def placed_and_usual() -> tuple[PatchFeatures, PatchFeatures]:
    """Features of a grid of 8×8 where the network is, and the same in host memory."""
    [placed] = placed_features(loaded("embedded"), seen("embedded", range(1)))
    assert isinstance(placed.rows, torch.Tensor)
    assert placed.rows.shape == LARGE
    return placed, PatchFeatures(placed.values, placed.geometry)


def test_a_search_on_the_device_leaves_the_features_there() -> None:
    placed, usual = placed_and_usual()
    reference = patch_features(cast(Backbone, loaded("embedded")), seen("embedded", range(1, 2)))
    bank, mask = MemoryBank([segment(reference, (0.0,))], "cpu", Near(99)), np.ones(64, bool)
    with Staying():
        on_device = patch_distances(placed, bank, mask)
    in_memory = patch_distances(usual, bank, mask)
    np.testing.assert_allclose(on_device.values, in_memory.values, atol=1e-5)
    np.testing.assert_array_equal(on_device.nearest, in_memory.nearest)


def test_a_mask_made_on_the_device_leaves_the_features_there() -> None:
    placed, usual = placed_and_usual()
    spec = load_registry().spec("embedded")
    with Staying():
        on_device = foreground_mask(placed, spec, "robust")
    np.testing.assert_array_equal(on_device, foreground_mask(usual, spec, "robust"))


def test_a_copy_to_host_memory_would_be_told() -> None:
    placed, _ = placed_and_usual()
    with Staying(), pytest.raises(AssertionError, match="copied"):
        assert placed.values.shape == LARGE


@pytest.mark.parametrize("metric", get_args(Metric))
def test_an_index_on_the_device_takes_queries_where_they_lie(metric: Metric) -> None:
    rng = np.random.default_rng(3)
    rows, queries = (rng.standard_normal((count, 16)).astype(np.float32) for count in (200, 40))
    index = TorchIndex(rows, torch.device("cpu"), metric)
    for placed, usual in zip(index.search(torch.from_numpy(queries), 3), index.search(queries, 3), strict=True):
        np.testing.assert_array_equal(placed, usual)
