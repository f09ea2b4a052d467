"""DINOv2 ViT-S/14 with synthetic weights: every tensor is drawn from a generator seeded by its own name.

The numbers in `tests/data/golden_brick.npz` were computed with these weights by the authors' code.
"""

import zlib

import numpy as np
import torch

from app.engine.backbone.spec import BackboneSpec

WEIGHTS_SEED = 20261122

VITS14 = BackboneSpec(
    name="synthetic_vits14", architecture="dinov2", patch_size=14, width=384, depth=12, heads=6, registers=0,
    mlp="mlp", layer_scale=True, stored_grid=37, position_embedding="dinov2", mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225), mask_rule="fixed", mask_threshold=10.0, heat_scale=1.0, file="none", address=None,
    size_bytes=None, sha256="0" * 64, licence="none",
)  # fmt: skip


def _shapes(spec: BackboneSpec) -> dict[str, tuple[int, ...]]:
    width = spec.width
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, spec.stored_grid**2 + 1, width),
        "mask_token": (1, width),
        "patch_embed.proj.weight": (width, 3, spec.patch_size, spec.patch_size),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for block in range(spec.depth):
        inner = {
            "norm1.weight": (width,), "norm1.bias": (width,), "attn.qkv.weight": (3 * width, width),
            "attn.qkv.bias": (3 * width,), "attn.proj.weight": (width, width), "attn.proj.bias": (width,),
            "ls1.gamma": (width,), "norm2.weight": (width,), "norm2.bias": (width,),
            "mlp.fc1.weight": (4 * width, width), "mlp.fc1.bias": (4 * width,), "mlp.fc2.weight": (width, 4 * width),
            "mlp.fc2.bias": (width,), "ls2.gamma": (width,),
        }  # fmt: skip
        shapes |= {f"blocks.{block}.{name}": shape for name, shape in inner.items()}
    return shapes


def synthetic_tensor(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The tensor of the official name `name`: ones for gamma, near one for norm weights, small noise elsewhere."""
    noise = np.random.default_rng([WEIGHTS_SEED, zlib.crc32(name.encode())]).standard_normal(shape).astype(np.float32)
    if name.endswith("gamma"):
        return torch.ones(shape)
    if "norm" in name and name.endswith("weight"):
        scale = 4.0 if name == "norm.weight" else 1.0
        return torch.from_numpy(np.float32(scale) * (1 + np.float32(0.1) * noise))
    return torch.from_numpy(np.float32(0.04) * noise)


def synthetic_vits14() -> dict[str, torch.Tensor]:
    """The whole state dict under DINOv2's official names."""
    return {name: synthetic_tensor(name, shape) for name, shape in _shapes(VITS14).items()}
