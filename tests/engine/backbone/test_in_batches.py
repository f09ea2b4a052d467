"""Whether a backbone judges an image among others as it does alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.in_batches import InABatch, tried_in_batches
from app.engine.backbone.parity import parity, unit_rows
from app.engine.backbone.vit import ViTBackbone
from app.errors import GpuOutOfMemory
from tests.api.tiny_backbone import TINY, tiny_backbone

Pixels = NDArray[np.float32]
LARGEST = 8


class Leaking(ViTBackbone):
    """Lets an image see a share of the one before it."""

    share = 0.0

    def extract(self, inputs: Pixels) -> Pixels:
        return super().extract(inputs + np.float32(self.share) * np.roll(inputs, 1, axis=0))


class Small(ViTBackbone):
    """Has memory for one image."""

    def extract(self, inputs: Pixels) -> Pixels:
        if len(inputs) > 1:
            raise GpuOutOfMemory("no memory")
        return super().extract(inputs)


def made(kind: type[ViTBackbone]) -> ViTBackbone:
    backbone = tiny_backbone()
    backbone.__class__ = kind
    return backbone


def test_an_image_is_run_among_others_and_comes_back_by_itself() -> None:
    backbone: Backbone = tiny_backbone()
    images = np.random.default_rng(0).standard_normal((2, 3, 28, 42)).astype(np.float32)
    found = InABatch(backbone, LARGEST).extract(images)
    np.testing.assert_allclose(found, backbone.extract(images), atol=1e-5)


def test_a_backbone_that_keeps_images_apart_serves_in_batches(caplog: pytest.LogCaptureFixture) -> None:
    backbone = tiny_backbone()
    with caplog.at_level("INFO"):
        tried_in_batches(backbone, LARGEST)
    assert backbone.batches
    assert "differs from one image by up to 0.0000 %" in caplog.text


def test_one_that_mixes_them_does_not(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(Leaking, "share", 0.2)
    backbone = made(Leaking)
    assert not parity(tiny_backbone(), InABatch(backbone, LARGEST)).holds
    tried_in_batches(backbone, LARGEST)
    assert not backbone.batches
    assert "one image goes at a time" in caplog.text


def test_one_without_memory_for_a_batch_does_not(caplog: pytest.LogCaptureFixture) -> None:
    backbone = made(Small)
    tried_in_batches(backbone, LARGEST)
    assert not backbone.batches
    assert f"{TINY.name} has no memory for a batch of {LARGEST}" in caplog.text


def test_where_one_image_goes_at_a_time_nothing_is_tried() -> None:
    backbone = made(Small)
    tried_in_batches(backbone, 1)
    assert backbone.batches


def test_no_batch_drawn_at_random_moves_a_score() -> None:
    """By no more than 0.01 %, a 25th of what is allowed."""
    backbone, drawn = tiny_backbone(), np.random.default_rng(0)
    images = drawn.standard_normal((12, 3, 28, 42)).astype(np.float32)
    bank = unit_rows(backbone.extract(images[:1])[0])

    def scores(some: Pixels) -> Pixels:
        distances = [1 - (unit_rows(rows) @ bank.T).max(axis=1) for rows in backbone.extract(some)]
        return np.array([np.sort(each)[-3:].mean() for each in distances], np.float32)

    alone = np.concatenate([scores(image[None]) for image in images])
    for _ in range(200):
        chosen = drawn.integers(1, len(images), size=drawn.integers(2, LARGEST, endpoint=True))
        np.testing.assert_allclose(scores(images[chosen]), alone[chosen], rtol=1e-4)
