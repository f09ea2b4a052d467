"""OpenVINO in torch's place: the same numbers, kept between processes, and refused where it judges otherwise."""

import logging
from copy import copy
from typing import cast

import numpy as np
import pytest

from app.assembly import load_backbone
from app.engine.backbone import openvino_backbone, parity
from app.engine.backbone.backbone import Backbone
from app.engine.backbone.efficientnet_lite import EfficientNetLite
from app.engine.backbone.faster import faster
from app.engine.backbone.layers import of_layers
from app.engine.backbone.openvino_backbone import OpenVinoBackbone, TorchBackbone
from app.engine.backbone.parity import DISTANCE, SCORE_SHARE, Parity
from app.engine.device.faiss_torch import torch
from app.settings import load_settings
from app.weights.registry import load_registry
from tests.api.tiny_backbone import tiny_backbone
from tests.engine.backbone.textures import Pixels

Kept = dict[str, bytes]


def images(number: int, height: int, width: int) -> Pixels:
    return np.random.default_rng(3).random((number, 3, height, width), np.float32)


@pytest.fixture(scope="module")
def embedded() -> EfficientNetLite:
    found = load_backbone(load_registry().spec("embedded"), load_settings(), "cpu")
    assert isinstance(found, EfficientNetLite)
    return found


@pytest.fixture(scope="module")
def kept(embedded: EfficientNetLite) -> Kept:
    """Compiled for two sizes."""
    kept: Kept = {}
    made = OpenVinoBackbone(embedded, kept)
    for size in ((112, 112), (112, 154)):
        made.extract(images(1, *size))
    return kept


@pytest.fixture
def never_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        pytest.fail("a network that is kept was converted again")

    monkeypatch.setattr(OpenVinoBackbone, "_converted", fail)


@pytest.mark.usefixtures("never_converted")
@pytest.mark.parametrize("size", [(112, 112), (112, 154)])
def test_a_kept_network_gives_the_numbers_of_torch(
    embedded: EfficientNetLite, kept: Kept, size: tuple[int, int]
) -> None:
    batch = images(2, *size)
    np.testing.assert_allclose(OpenVinoBackbone(embedded, kept).extract(batch), embedded.extract(batch), atol=2e-5)


@pytest.mark.usefixtures("never_converted")
def test_a_batch_gives_the_bytes_of_its_single_images(embedded: EfficientNetLite, kept: Kept) -> None:
    backbone, batch = OpenVinoBackbone(embedded, kept), images(3, 112, 112)
    singles = np.concatenate([backbone.extract(image[None]) for image in batch])
    assert backbone.extract(batch).tobytes() == singles.tobytes()


@pytest.mark.usefixtures("never_converted")
def test_another_pass_in_a_pause_changes_nothing(embedded: EfficientNetLite, kept: Kept) -> None:
    backbone, (first, second) = OpenVinoBackbone(embedded, kept), images(2, 112, 112)[:, None]
    alone, inside = backbone.extract(first), []

    def pass_of_another() -> None:
        backbone.pause = lambda: None
        inside.append(backbone.extract(second))
        backbone.pause = pass_of_another

    backbone.pause = pass_of_another
    np.testing.assert_array_equal(backbone.extract(first), alone)
    assert len(inside) > 1


def test_a_damaged_network_is_made_again(embedded: EfficientNetLite, kept: Kept) -> None:
    damaged = dict.fromkeys(kept, b"no network")
    backbone, image = OpenVinoBackbone(embedded, damaged), images(1, 112, 112)
    np.testing.assert_array_equal(backbone.extract(image), OpenVinoBackbone(embedded, kept).extract(image))
    assert sum(len(content) > 1000 for content in damaged.values()) == 1


def test_other_code_weights_or_layers_are_other_networks(embedded: EfficientNetLite) -> None:
    tiny = tiny_backbone()
    of_embedded, of_tiny, of_first_layer = (
        OpenVinoBackbone(cast(TorchBackbone, each), {}).identity
        for each in (embedded, tiny, of_layers(tiny, (1,), "concat"))
    )
    assert {key for key in of_tiny if of_tiny[key] != of_first_layer[key]} == {"layers"}
    assert {key for key in of_tiny if of_tiny[key] != of_embedded[key]} >= {"weights", "code"}


def test_no_other_work_falls_into_a_conversion(embedded: EfficientNetLite) -> None:
    paused = copy(embedded)
    paused.pause = lambda: pytest.fail("another work began in the middle of a conversion")
    OpenVinoBackbone(paused, {}).extract(images(1, 56, 56))


def test_torch_serves_a_size_that_is_compiled_to_something_else(
    embedded: EfficientNetLite, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = copy(embedded)
    another._mean = embedded._mean + 0.1
    kept: Kept = {}
    backbone, image = OpenVinoBackbone(embedded, kept), images(1, 56, 56)
    monkeypatch.setattr(backbone, "_converted", OpenVinoBackbone(another, {})._converted)
    np.testing.assert_array_equal(backbone.extract(image), embedded.extract(image))
    assert "torch serves this size" in caplog.text
    assert not kept


@pytest.mark.usefixtures("never_converted")
def test_only_so_many_networks_stay_in_memory(
    embedded: EfficientNetLite, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_backbone, "IN_MEMORY_BYTES", 1)
    backbone = OpenVinoBackbone(embedded, kept)
    first, second = (images(1, 112, width) for width in (112, 154))
    before = backbone.extract(first)
    backbone.extract(second)
    assert list(backbone._in_memory) == [(112, 154)]
    np.testing.assert_array_equal(backbone.extract(first), before)


def test_it_serves_where_it_judges_as_torch_does(embedded: EfficientNetLite, caplog: pytest.LogCaptureFixture) -> None:
    kept: Kept = {}
    with caplog.at_level(logging.INFO):
        assert isinstance(faster(embedded, kept), OpenVinoBackbone)
    found = parity.parity(embedded, OpenVinoBackbone(embedded, kept))
    assert found.score_share < 1e-5
    assert found.distance < 1e-5
    assert "differs from torch in float32 by up to 0.0000 %" in caplog.text


class Untrue:
    """A backbone whose features are off by some noise."""

    def __init__(self, backbone: EfficientNetLite, noise: float) -> None:
        self.spec, self.engine, self.precision, self.pause = backbone.spec, "untrue", "float32", backbone.pause
        self.batches = False
        self._backbone, self._noise = backbone, noise

    def extract(self, inputs: Pixels) -> Pixels:
        rows = self._backbone.extract(inputs)
        noise = np.random.default_rng(0).standard_normal(rows.shape, np.float32)
        return np.asarray(rows + self._noise * noise * rows.std(), np.float32)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        return self._backbone.features(images)


@pytest.mark.parametrize(("noise", "holds"), [(0.0, True), (0.001, True), (0.1, False)])
def test_parity_tells_noise_that_moves_a_score(embedded: EfficientNetLite, noise: float, holds: bool) -> None:
    found = parity.parity(embedded, Untrue(embedded, noise))
    assert found.holds is holds
    assert (found.score_share <= SCORE_SHARE and found.distance <= DISTANCE) is holds


def test_features_that_are_no_numbers_are_refused(embedded: EfficientNetLite) -> None:
    assert not parity.parity(embedded, Untrue(embedded, np.nan)).holds


def test_torch_serves_where_openvino_judges_otherwise(
    embedded: EfficientNetLite, caplog: pytest.LogCaptureFixture
) -> None:
    reference: Backbone = Untrue(embedded, 0.1)
    kept: Kept = {}
    assert faster(reference, kept) is reference
    assert "it is not used" in caplog.text
    assert faster(reference, kept) is reference, "remembered"


class Rounded(OpenVinoBackbone):
    """Stands for a CPU with bfloat16: rounds features by `noise`, on the machines without, too."""

    noise = 0.0
    is_supported = True

    def extract(self, inputs: Pixels) -> Pixels:
        exact = cast(EfficientNetLite, self._reference)
        return Untrue(exact, self.noise if self.precision == "bfloat16" else 0.0).extract(inputs)


@pytest.mark.parametrize(("noise", "precision"), [(0.001, "bfloat16"), (0.1, "float32")])
def test_bfloat16_serves_only_where_it_judges_alike(
    noise: float, precision: str, embedded: EfficientNetLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.backbone.faster.OpenVinoBackbone", Rounded)
    monkeypatch.setattr(Rounded, "noise", noise)
    kept: Kept = {}
    for _ in range(2):  # the second time from what was remembered
        found = faster(embedded, kept, ("bfloat16", "float32"))
        assert (found.engine, found.precision) == ("openvino", precision)


def test_a_network_that_is_compiled_to_something_else_does_not_serve_under_its_name(
    embedded: EfficientNetLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch would take its place at every size, and be compared with itself."""
    another = copy(embedded)
    another._mean = embedded._mean + 0.1
    converted = OpenVinoBackbone._converted
    elsewhere = OpenVinoBackbone(another, {})
    monkeypatch.setattr(OpenVinoBackbone, "_converted", lambda _, height, width: converted(elsewhere, height, width))
    assert faster(embedded, {}, ("float32",)) is embedded


def test_a_precision_that_the_cpu_does_not_have_is_not_tried(
    embedded: EfficientNetLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rounded, "is_supported", False)
    monkeypatch.setattr("app.engine.backbone.faster.OpenVinoBackbone", Rounded)
    assert faster(embedded, {}, ("bfloat16",)) is embedded


def test_bfloat16_is_another_network_than_float32(embedded: EfficientNetLite) -> None:
    one, other = (OpenVinoBackbone(embedded, {}, each).identity for each in ("float32", "bfloat16"))
    assert {key for key in one if one[key] != other[key]} == {"precision"}


@pytest.mark.parametrize(("score_share", "distance"), [(SCORE_SHARE * 1.01, 0), (0, DISTANCE * 1.01)])
def test_either_difference_is_enough_to_be_refused(score_share: float, distance: float) -> None:
    assert not Parity(score_share, distance).holds
    assert Parity(SCORE_SHARE, DISTANCE).holds
