"""ResNet-18 with synthetic weights: every tensor is drawn from a generator seeded by its own name.

The numbers in `tests/data/golden/patchcore.npz` were computed with these weights and images.
"""

import zlib

import numpy as np
import torch
import torchvision

LAYERS = ("layer2", "layer3")
SEED = 20261128
HEIGHT, WIDTH = 80, 64


def _drawn(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    values = np.random.default_rng((SEED, zlib.crc32(name.encode()))).standard_normal(shape, np.float32)
    if name.endswith("running_var"):
        return torch.from_numpy(1 + 0.1 * np.abs(values))
    if len(shape) == 1:
        is_scale = name.endswith(".weight")
        return torch.from_numpy(np.float32(is_scale) + np.float32(0.1) * values)
    return torch.from_numpy(values * np.float32((2 / np.prod(shape[1:])) ** 0.5))


def synthetic_resnet18() -> torch.nn.Module:
    model: torch.nn.Module = torchvision.models.resnet18(weights=None)
    drawn = {
        name: value if value.dtype == torch.int64 else _drawn(name, tuple(value.shape))
        for name, value in model.state_dict().items()
    }
    model.load_state_dict(drawn)
    return model.requires_grad_(False).eval()


def drawn_image(name: str) -> torch.Tensor:
    """1×3×80×64: a smooth pattern with noise of its own; `query` has a square where the pattern is another."""
    rng = np.random.default_rng((SEED, zlib.crc32(name.encode())))
    down, across = np.mgrid[:HEIGHT, :WIDTH]
    waves = np.stack([np.sin(down / (3 + each)) + np.cos(across / (4 + each)) for each in range(3)])
    if name == "query":
        waves[:, 24:48, 16:40] = rng.standard_normal((3, 24, 24))
    noise = 0.2 * rng.standard_normal((3, HEIGHT, WIDTH))
    return torch.from_numpy((waves + noise)[None].astype(np.float32))
