"""From the command's options to variants: presets of preprocessing, and the paper's ablations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from app.engine.options import Profile, ZeroShotAggregation
from app.evaluate.planned.coreset import WHOLE, coreset_rule
from app.evaluate.planned.layers import OWN, layers
from app.evaluate.planned.statistic import statistic
from app.evaluate.planned.variant import MaskingChoice, Method, Mode, RotationChoice, Variant

Preprocess = Literal[
    "agnostic", "informed", "masking_only", "agnostic_no_mask", "informed_no_mask", "masking_only_no_mask"
]
Ablation = Literal["preprocessing", "resolution", "backbone", "statistic", "imagenet-vit", "method"]

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
METHODS: tuple[Method, ...] = ("anomalydino", "patchcore", "spade", "padim")
PATCHCORE_CORESET = "0.1"
"""What PatchCore's authors keep of a bank in most of their tables, beside 1 and 25 %."""

OWN_STATISTIC = "own"
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
    methods: Sequence[Method] = ("anomalydino",)
    coresets: Sequence[str] | None = None


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
        case "method":
            return replace(asked, methods=METHODS)


def variants(asked: Choices, precision_of: Callable[[str], str]) -> tuple[Variant, ...]:
    """Every combination, each once; `precision_of` tells the precision that a backbone computes in here.

    Raises:
        InvalidSettings: a statistic, layers or a coreset are written wrongly.
    """
    for written in asked.statistics:
        statistic(written)
    for written in asked.layers:
        layers(written)
    for written in asked.coresets or ():
        coreset_rule(written)
    aggregations = asked.aggregations if asked.mode == "zero-shot" else (None,)
    found = [
        _of_method(variant, method, asked, coreset)
        for method in asked.methods
        for variant in [
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
        for coreset in asked.coresets or (WHOLE if method == "anomalydino" else PATCHCORE_CORESET,)
    ]
    return tuple(dict.fromkeys(found))


def _of_method(variant: Variant, method: Method, asked: Choices, coreset: str) -> Variant:
    """A method other than AnomalyDINO reduces distances in its own way, and rotates or masks only where that is asked
    for: its authors do neither. SPADE and PaDiM know neither at all, and no coreset."""
    if method == "anomalydino":
        return replace(variant, coreset=coreset)
    plain = replace(variant, method=method, statistic=OWN_STATISTIC, rotation="off", masking="off")
    if method != "patchcore":
        return plain
    return replace(plain, rotation=asked.rotation or "off", masking=asked.masking or "off", coreset=coreset)
