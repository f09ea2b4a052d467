"""From the command's options to variants: presets of preprocessing, and the paper's ablations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from app.engine.options import Profile, ZeroShotAggregation
from app.evaluate.planned.layers import OWN, layers
from app.evaluate.planned.statistic import statistic
from app.evaluate.planned.variant import MaskingChoice, Mode, RotationChoice, Variant

Preprocess = Literal[
    "agnostic", "informed", "masking_only", "agnostic_no_mask", "informed_no_mask", "masking_only_no_mask"
]
Ablation = Literal["preprocessing", "resolution", "backbone", "statistic", "imagenet-vit"]

PREPROCESS: dict[Preprocess, tuple[RotationChoice, MaskingChoice]] = {
    "agnostic": ("on", "auto"),
    "informed": ("table", "auto"),
    "masking_only": ("off", "auto"),
    "agnostic_no_mask": ("on", "off"),
    "informed_no_mask": ("table", "off"),
    "masking_only_no_mask": ("off", "off"),
}
"""Rotation and masking of each preset (ALGORITHM 4)."""

RESOLUTIONS = (224, 448, 672, 896)
BACKBONES = ("dinov2_vits14", "dinov2_vitb14", "dinov2_vitl14")
STATISTICS = ("mean_top1p", "max", "mean_topk:10", "percentile:99", "percentile:95")
IMAGENET = ("dinov2_vits14", "vit_tiny_patch16_224")


@dataclass(frozen=True, slots=True)
class Choices:
    """What was asked for; several values of one choice are combined with those of the others. `rotation` and `masking`
    override what the preset of preprocessing says."""

    mode: Mode
    backbones: Sequence[str]
    smaller_edges: Sequence[int]
    preprocess: Sequence[Preprocess]
    rotation: RotationChoice | None
    masking: MaskingChoice | None
    profile: Profile
    statistics: Sequence[str]
    aggregations: Sequence[ZeroShotAggregation]
    layers: Sequence[str] = (OWN,)


def ablated(asked: Choices, name: Ablation) -> Choices:
    """The choices with one axis spread out, as in the paper's ablations."""
    match name:
        case "preprocessing":
            return replace(asked, preprocess=tuple(PREPROCESS))
        case "resolution":
            return replace(asked, smaller_edges=RESOLUTIONS)
        case "backbone":
            return replace(asked, backbones=BACKBONES)
        case "statistic":
            return replace(asked, statistics=STATISTICS)
        case "imagenet-vit":
            return replace(asked, backbones=IMAGENET)


def variants(asked: Choices, precision_of: Callable[[str], str]) -> tuple[Variant, ...]:
    """Every combination, each once; `precision_of` tells the precision that a backbone computes in here.

    Raises:
        InvalidSettings: a statistic or layers are written wrongly.
    """
    for written in asked.statistics:
        statistic(written)
    for written in asked.layers:
        layers(written)
    aggregations = asked.aggregations if asked.mode == "zero-shot" else (None,)
    found = [
        Variant(
            mode=asked.mode,
            backbone=backbone,
            smaller_edge=edge,
            rotation="off" if aggregation else asked.rotation or PREPROCESS[preset][0],
            masking=asked.masking or PREPROCESS[preset][1],
            profile=asked.profile,
            statistic=written,
            precision=precision_of(backbone),
            aggregation=aggregation,
            layers=used,
        )
        for backbone, used, edge, preset, written, aggregation in product(
            asked.backbones, asked.layers, asked.smaller_edges, asked.preprocess, asked.statistics, aggregations
        )
    ]
    return tuple(dict.fromkeys(found))
