"""What is known of a backbone before it is loaded: one row of `models/registry.toml`."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from app.engine.options import LayersJoin
from app.errors import InvalidSettings

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
    `layers` are those that are joined, counted from 1 (None: a transformer's last block alone, or fixed ones),
    `layer_widths` the channels of each layer of a convolutional network; `layers_join` says how: one after the other,
    or averaged.
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
    layers_join: LayersJoin = "concat"

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

    @property
    def choosable_layers(self) -> tuple[int, ...]:
        """The layers that can be chosen among: a transformer's blocks, a ResNet's layers; none where they are fixed."""
        return tuple(range(1, self.depth + 1))

    @property
    def own_layers(self) -> tuple[int, ...]:
        """Those that are used unless others are chosen; none where they are fixed."""
        return self.layers or self.choosable_layers[-1:]

    def with_layers(self, layers: tuple[int, ...], join: LayersJoin) -> Self:
        """The backbone that gives these layers instead of its own.

        The mask rule `fixed` compares in units of the last layer; others are masked by `otsu`.

        Raises:
            InvalidSettings: it has no such layers, or they cannot be averaged.
        """
        if not self.depth:
            raise InvalidSettings(f"layers: those of {self.name} are fixed. Leave them out (null).")
        if not layers or not set(layers) <= set(self.choosable_layers):
            raise InvalidSettings(f"layers: {self.name} has 1 to {self.depth}, not {', '.join(map(str, layers))}.")
        if layers == self.own_layers and (join == "concat" or len(layers) == 1):
            return self
        widths = [self.layer_widths[layer - 1] if self.layer_widths else self.width for layer in layers]
        if join == "mean" and len(set(widths)) > 1:
            raise InvalidSettings(
                f"layers_join: layers {', '.join(map(str, layers))} of {self.name} have {', '.join(map(str, widths))} "
                "channels, which cannot be averaged. Use concat."
            )
        return replace(
            self,
            layers=layers,
            layers_join=join,
            width=widths[0] if join == "mean" else sum(widths),
            mask_rule="otsu" if self.mask_rule == "fixed" else self.mask_rule,
            mask_threshold=None,
        )
