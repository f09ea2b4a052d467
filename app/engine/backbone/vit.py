"""Vision transformers: DINOv2 with and without registers, and ImageNet ViTs, run by torch on timm's blocks."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from timm.layers.mlp import SwiGLUPacked
from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn

from app.engine.backbone.backbone import IMAGE_DOES_NOT_FIT, no_pause
from app.engine.backbone.layers import joined
from app.engine.backbone.position_table import position_table
from app.engine.backbone.spec import BackboneSpec
from app.engine.device.faiss_torch import torch
from app.engine.device.gpu_memory import gpu_memory
from app.engine.types import Grid
from app.errors import WeightsUnavailable

CACHED_GRIDS = 16
SWIGLU_RATIO = 2.66667 * 2
"""DINOv2-g's SwiGLU is 4096 wide for 1536 channels; timm counts both halves."""

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class ViTBackbone:
    """A frozen vision transformer: last block, final LayerNorm, CLS and registers dropped (ALGORITHM 2).

    Where its spec names other blocks, the final LayerNorm of each, made unit length and joined.
    """

    engine = "torch"
    batches = True

    def __init__(self, spec: BackboneSpec, tensors: Mapping[str, torch.Tensor], device: str, precision: str) -> None:
        """`tensors` is the official state dict (DINOv2's or timm's names), `precision` a key of `DTYPES`.

        Raises:
            WeightsUnavailable: the tensors are not those of the backbone that `spec` describes.
        """
        self.spec = spec
        self.precision = precision
        self.pause = no_pause
        self.device = torch.device(device)
        self._model = _model(spec, tensors).to(self.device)
        self._prefix, self._stored = _prefix_and_position(self._model)
        self._tables: OrderedDict[Grid, torch.Tensor] = OrderedDict()

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images to raw patch features B×N×D float32, row-major; GpuOutOfMemory."""
        with gpu_memory(IMAGE_DOES_NOT_FIT), torch.inference_mode():
            return np.ascontiguousarray(self.features(torch.from_numpy(inputs).to(self.device)).cpu().numpy())

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """B×3×H×W to B×N×D, on the device."""
        with self._arithmetic():
            tokens = self._embed(images)
        parts = []
        for number, block in enumerate(self._model.blocks[: max(self.spec.own_layers)], 1):
            self.pause()  # outside the arithmetic, which another backbone must not take over
            with self._arithmetic():
                tokens = block(tokens)
                if number in self.spec.own_layers:
                    parts.append(self._model.norm(tokens)[:, 1 + self.spec.registers :].float())
        return joined(parts, self.spec.layers_join) if self.spec.layers else parts[0]

    def _arithmetic(self) -> torch.autocast:
        dtype = DTYPES[self.precision]
        return torch.autocast(self.device.type, dtype=dtype, enabled=dtype != torch.float32)

    def _embed(self, batch: torch.Tensor) -> torch.Tensor:
        """Patch tokens with their position embedding, behind CLS and registers: B×(1+R+N)×D."""
        planes = self._model.patch_embed.proj(batch)
        patches = planes.flatten(2).transpose(1, 2) + self._table(Grid(planes.shape[2], planes.shape[3]))
        return torch.cat([self._prefix.expand(len(batch), -1, -1), patches], dim=1)

    def _table(self, grid: Grid) -> torch.Tensor:
        if grid not in self._tables:
            self._tables[grid] = position_table(self._stored, grid, self.spec.position_embedding)
            if len(self._tables) > CACHED_GRIDS:
                self._tables.popitem(last=False)
        return self._tables[grid]


def _prefix_and_position(model: VisionTransformer) -> tuple[torch.Tensor, torch.Tensor]:
    """CLS (with its position) and register tokens, 1×(1+R)×D, and the stored patch positions, 1×s²×D."""
    cls_token, stored = model.cls_token, model.pos_embed
    assert cls_token is not None
    assert stored is not None
    if model.no_embed_class:
        prefix, patches = cls_token.data, stored.data
    else:
        prefix, patches = (cls_token + stored[:, :1]).detach(), stored.data[:, 1:]
    registers = [] if model.reg_token is None else [model.reg_token.data]
    return torch.cat([prefix, *registers], dim=1), patches


def _mlp_options(spec: BackboneSpec) -> dict[str, Any]:
    if spec.mlp == "swiglu":
        return {"mlp_ratio": SWIGLU_RATIO, "mlp_layer": SwiGLUPacked, "act_layer": torch.nn.SiLU}
    return {}


def _model(spec: BackboneSpec, tensors: Mapping[str, torch.Tensor]) -> VisionTransformer:
    with torch.device("meta"):
        model = VisionTransformer(
            img_size=spec.stored_grid * spec.patch_size,
            patch_size=spec.patch_size,
            embed_dim=spec.width,
            depth=spec.depth,
            num_heads=spec.heads,
            num_classes=0,
            init_values=1.0 if spec.layer_scale else None,
            reg_tokens=spec.registers,
            no_embed_class=spec.registers > 0,
            dynamic_img_size=True,
            **_mlp_options(spec),
        )
    try:
        named = checkpoint_filter_fn(dict(tensors), model)
        named = {name: value.float() for name, value in named.items() if not name.startswith("head.")}
        model.load_state_dict(named, strict=True, assign=True)
    except (RuntimeError, KeyError, AttributeError, ValueError) as error:
        raise WeightsUnavailable(
            f"The tensors given are not those of {spec.name}: {error}. "
            f"Fetch the file again: inspector weights fetch {spec.name}"
        ) from error
    return model.requires_grad_(False).eval()
