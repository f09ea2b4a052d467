"""Several images by one network: in one pass on a GPU, one after the other on a CPU."""

import numpy as np
import pytest

from app.engine.backbone import convolutional
from app.engine.backbone.convolutional import batches, extracted
from app.engine.device.faiss_torch import torch

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).standard_normal((3, 3, 4, 5)).astype(np.float32)


@pytest.mark.parametrize(("at_once", "passes"), [(False, [1, 1, 1]), (True, [3])])
def test_every_image_gets_its_own_features(monkeypatch: pytest.MonkeyPatch, at_once: bool, passes: list[int]) -> None:
    sizes: list[int] = []

    def pixels(images: torch.Tensor) -> torch.Tensor:
        sizes.append(len(images))
        return images.flatten(2).transpose(1, 2)

    monkeypatch.setattr(convolutional, "batches", lambda _device: at_once)
    found = extracted(pixels, IMAGES, CPU)
    assert sizes == passes
    np.testing.assert_array_equal(found, IMAGES.reshape(3, 3, 20).transpose(0, 2, 1))


def test_a_gpu_gains_by_a_batch_and_a_cpu_does_not() -> None:
    assert batches(torch.device("cuda"))
    assert not batches(CPU)
