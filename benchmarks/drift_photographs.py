"""Photographs of an object as they are and changed, with their distances to each good one, measured once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank, segment
from app.engine.bank.rows import unit_length
from app.engine.bank.spread import evenly_spaced
from app.engine.detector import patch_features, reference_features
from app.engine.masking.foreground import foreground_mask, scored_patches
from app.engine.masking.masking_test import masking_test
from app.engine.options import ROTATION_ANGLES_DEG, Preprocessing
from app.engine.photograph.appearance import Appearance
from app.engine.photograph.photometry import appearance
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image, Mask, PatchFeatures
from app.engine.verdict.drift import Quantities, quantities
from app.evaluate.dataset import load_object, read_image

POOL = 24
EDGE = 224
PHOTOGRAPH_PX = 448
"""Shorter side that photographs are brought to first: blur is given in pixels of it."""

UNCHANGED = "unchanged"
LIGHT, FOCUS, POSITION = (0.7, 0.85, 1.15, 1.3), (1.0, 2.0, 4.0), (0.05, 0.1, 0.2)
CHANGES: Mapping[str, tuple[str, float]] = MappingProxyType(
    {f"light x {value}": ("light", value) for value in LIGHT}
    | {f"blur {value:g} px": ("focus", value) for value in FOCUS}
    | {f"shift {100 * value:.0f} %": ("position", value) for value in POSITION}
)


@dataclass(frozen=True, slots=True)
class Look:
    """One image: its `distances` to each good photograph (pool × N), its own `mask` (N), its `appearance`."""

    distances: NDArray[np.float32]
    mask: Mask
    appearance: Appearance


@dataclass(frozen=True, slots=True)
class Photographs:
    """Of one object: `looks` of the pool of good photographs by change (`UNCHANGED` among them), each good one's
    foreground `fractions` at every angle. `masked`: what the masking test of the first one says; where it is not, every
    patch is foreground."""

    looks: Mapping[str, Sequence[Look]]
    fractions: Sequence[Sequence[float]]
    masked: bool

    @property
    def pool(self) -> int:
        return len(self.fractions)

    def references(self, chosen: Sequence[int]) -> list[Quantities]:
        """What each reference looks like to a bank of the others."""
        return [self.inspected(each, UNCHANGED, [other for other in chosen if other != each]) for each in chosen]

    def inspected(self, image: int, change: str, references: Sequence[int]) -> Quantities:
        """What a photograph, changed, looks like to a bank of references."""
        look = self.looks[change][image]
        fractions = [fraction for each in references for fraction in self.fractions[each]]
        mask, _ = scored_patches(look.mask, "robust", fractions)
        nearest = look.distances[list(references)].min(axis=0)
        return quantities(nearest, mask, look.appearance)


def photographs(root: Path, name: str, backbone: Backbone) -> Photographs:
    """Of an object below `root`, which is laid out as MVTec-AD: at most `POOL` good ones, of train and test."""
    data = load_object(root, name, needs_references=True)
    paths = [*data.train, *(image.path for image in data.test if not image.is_defect)]
    images = [_small(read_image(paths[each])) for each in evenly_spaced(len(paths), POOL)]
    described = [reference_features(image, Preprocessing(EDGE, fit="whole"), backbone) for image in images]
    masks = [foreground_mask(each, backbone.spec, "robust") for each in described[0]]
    masked = masking_test(described[0], masks, ROTATION_ANGLES_DEG).accepted
    banks = [MemoryBank([segment(features, ROTATION_ANGLES_DEG)], "cpu") for features in described]
    fractions = [[float(_mask(each, backbone, masked).mean()) for each in features] for features in described]
    looks = {UNCHANGED: [_look(image, backbone, banks, masked) for image in images]}
    for change, (kind, amount) in CHANGES.items():
        looks[change] = [_look(changed(image, kind, amount), backbone, banks, masked) for image in images]
    return Photographs(looks, fractions, masked)


def changed(image: Image, kind: str, amount: float) -> Image:
    """`light`: times `amount`; `focus`: Gaussian blur, σ in px; `position`: to the right by a share of the width, the
    border mirrored."""
    if kind == "light":
        return np.asarray(np.clip(np.rint(image * amount), 0, 255), np.uint8)
    if kind == "focus":
        return np.asarray(cv2.GaussianBlur(image, (0, 0), amount), np.uint8)
    height, width = image.shape[:2]
    across = np.array([[1, 0, amount * width], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(image, across, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def _small(image: Image) -> Image:
    shorter = min(image.shape[:2])
    cut, factor = image[: shorter * 4 // 3, : shorter * 4 // 3], PHOTOGRAPH_PX / shorter
    return np.asarray(cv2.resize(cut, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def _look(image: Image, backbone: Backbone, banks: Sequence[MemoryBank], masked: bool) -> Look:
    features = patch_features(backbone, [preprocess(image, EDGE, backbone.spec, "whole")])[0]
    unit = unit_length(features.values)
    distances = np.stack([bank.nearest(unit)[0] for bank in banks])
    return Look(distances, _mask(features, backbone, masked), appearance(image))


def _mask(features: PatchFeatures, backbone: Backbone, masked: bool) -> Mask:
    return foreground_mask(features, backbone.spec, "robust") if masked else np.ones(len(features.values), bool)
