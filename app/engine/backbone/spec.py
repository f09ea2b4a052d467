"""What is known of a backbone before it is loaded: one row of `models/registry.toml`."""

from dataclasses import dataclass
from typing import Literal

Architecture = Literal["dinov2", "vit", "resnet18", "resnet50", "wide_resnet50_2", "embedded", "efficientnet_lite"]
PositionEmbedding = Literal["dinov2", "dinov2_reg", "timm", "none"]
MaskRule = Literal["fixed", "otsu", "otsu_core"]


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """Every number of a backbone.

    `width` is the feature dimension D, `depth` how many layers there are to choose among (0: none), `registers` the
    number of register tokens that precede the patches, `position_embedding` the rule by which the stored table is
    resampled (docstring of `position_table`), `mean` and `std` the per-channel normalisation of RGB in 0..1.
    `mask_rule` says how the first principal component becomes a
    foreground mask: `fixed` compares with `mask_threshold`, `otsu` finds the threshold in the image itself, `otsu_core`
    moves it up to the object's core, for features that reach past the outline.
    `heat_scale` is the patch distance at the hot end of the colour scale while a bank has one reference only.
    `address`, `size_bytes` and `sha256` describe the official file; `bytes` is unknown for some.
    `layers` are those that are joined, counted from 1 (None: a transformer's last block alone, or fixed ones), and
    `layer_widths` the channels of each layer of a convolutional network.
    """

    name: str
    architecture: Architecture
    patch_size: int
    width: int
    depth: int
    heads: int
    registers: int
    mlp: Literal["mlp", "swiglu", "none"]
    layer_scale: bool
    stored_grid: int
    position_embedding: PositionEmbedding
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    mask_rule: MaskRule
    mask_threshold: float | None
    heat_scale: float
    file: str
    address: str | None
    size_bytes: int | None
    sha256: str
    licence: str
    layers: tuple[int, ...] | None = None
    layer_widths: tuple[int, ...] = ()

    @property
    def is_transformer(self) -> bool:
        return self.architecture in ("dinov2", "vit")

    @property
    def is_resnet(self) -> bool:
        return self.architecture in ("resnet18", "resnet50", "wide_resnet50_2")

    @property
    def is_packaged(self) -> bool:
        """Whether the file travels with this package; the rest comes with packages that this one requires."""
        return self.architecture in ("embedded", "efficientnet_lite")
