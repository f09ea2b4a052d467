"""A vision transformer with two blocks and random weights: the whole service runs on it in milliseconds."""

import zlib

import numpy as np

from app.engine.backbone.spec import BackboneSpec
from app.engine.backbone.vit import ViTBackbone
from app.engine.device.faiss_torch import torch

TINY = BackboneSpec(
    name="tiny", architecture="vit", patch_size=14, width=32, depth=2, heads=2, registers=0, mlp="mlp",
    layer_scale=False, stored_grid=8, position_embedding="timm", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5),
    mask_rule="otsu", mask_threshold=None, heat_scale=0.5, file="none", address=None, size_bytes=None, sha256="0" * 64,
    licence="none",
)  # fmt: skip


def tiny_backbone(precision: str = "float32") -> ViTBackbone:
    """The backbone, the same at every call."""
    return ViTBackbone(TINY, {name: _tensor(name, shape) for name, shape in _shapes().items()}, "cpu", precision)


def _tensor(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    noise = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape).astype(np.float32)
    return (
        torch.ones(shape) if "norm" in name and name.endswith("weight") else torch.from_numpy(np.float32(0.1) * noise)
    )


def _shapes() -> dict[str, tuple[int, ...]]:
    width = TINY.width
    block = {
        "norm1.weight": (width,), "norm1.bias": (width,), "attn.qkv.weight": (3 * width, width),
        "attn.qkv.bias": (3 * width,), "attn.proj.weight": (width, width), "attn.proj.bias": (width,),
        "norm2.weight": (width,), "norm2.bias": (width,), "mlp.fc1.weight": (4 * width, width),
        "mlp.fc1.bias": (4 * width,), "mlp.fc2.weight": (width, 4 * width), "mlp.fc2.bias": (width,),
    }  # fmt: skip
    return {
        "cls_token": (1, 1, width),
        "pos_embed": (1, TINY.stored_grid**2 + 1, width),
        "patch_embed.proj.weight": (width, 3, TINY.patch_size, TINY.patch_size),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    } | {f"blocks.{index}.{name}": shape for index in range(TINY.depth) for name, shape in block.items()}
