"""Position embedding for a grid other than the one a ViT was trained on (ALGORITHM 2, parity-critical)."""

import math

from app.engine.backbone.spec import PositionEmbedding
from app.engine.device.faiss_torch import torch
from app.engine.types import Grid

DINOV2_OFFSET = 0.1


def position_table(stored: torch.Tensor, grid: Grid, rule: PositionEmbedding) -> torch.Tensor:
    """Resample the stored patch rows (1×s²×D, no CLS row) to 1×(rows·columns)×D, float32.

    `dinov2`: bicubic by scale factors of (rows+0.1)/s and (columns+0.1)/s, no antialias, as DINOv2's own code.
    `dinov2_reg`: bicubic to the exact size, antialias, as DINOv2 with registers.
    `timm`: bicubic to the exact size, antialias, as timm's `resample_abs_pos_embed`.
    """
    side = math.isqrt(stored.shape[1])
    if (grid.rows, grid.columns) == (side, side):
        return stored
    plane = stored.float().reshape(1, side, side, -1).permute(0, 3, 1, 2)
    if rule == "dinov2":
        scale = ((grid.rows + DINOV2_OFFSET) / side, (grid.columns + DINOV2_OFFSET) / side)
        resampled = torch.nn.functional.interpolate(plane, scale_factor=scale, mode="bicubic", antialias=False)
    else:
        size = (grid.rows, grid.columns)
        resampled = torch.nn.functional.interpolate(plane, size=size, mode="bicubic", antialias=True)
    if tuple(resampled.shape[-2:]) != (grid.rows, grid.columns):
        raise AssertionError(f"the position table came out as {tuple(resampled.shape[-2:])}, wanted {grid}")
    return resampled.permute(0, 2, 3, 1).reshape(1, grid.patches, -1)
