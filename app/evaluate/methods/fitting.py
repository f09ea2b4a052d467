"""The banks of one draw, one for each variant, and what its references say of them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.engine.bank.left_out import LeftOut
from app.engine.masking.foreground import foreground_mask
from app.engine.masking.masking_test import masking_test
from app.engine.options import ROTATION_ANGLES_DEG, Profile
from app.engine.types import Mask, PatchFeatures
from app.evaluate.dataset import ObjectData
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.needs import compared_positions
from app.evaluate.methods.banks import Bank, GalleryBank, GaussianBank, ImagesNotAligned, rows_bank
from app.evaluate.planned.coreset import coreset_rule
from app.evaluate.planned.plan import Draw, masking_of, rotation_of
from app.evaluate.planned.variant import Variant

Turned = Sequence[PatchFeatures]
"""A reference at each angle."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A bank, and what its own references say of it.

    `bank` is None where its references cannot be compared with each other. `fractions`: where masks apply, the
    foreground fractions of each reference at every angle. `left_out` is the leave-one-out table, empty where there is
    none.
    """

    variant: Variant
    draw: Draw
    bank: Bank | None
    rotated: bool
    fractions: list[list[float]] | None
    build_s: float
    left_out: list[LeftOut]


def angles_deg(variants: Sequence[Variant], draw: Draw, data: ObjectData) -> list[tuple[float, ...]]:
    """At which angles each reference of a draw is needed: the first at all of them for the masking test."""
    turned = any(rotation_of(variant, data.name) == "on" for variant in variants)
    tested = any(masking_of(variant, data.name) == "auto" for variant in variants)
    upright, everywhere = ROTATION_ANGLES_DEG[:1], ROTATION_ANGLES_DEG
    return [everywhere if turned or (tested and not place) else upright for place in range(len(draw.references))]


def fits(
    draw: Draw, variants: Sequence[Variant], data: ObjectData, extractor: Extractor, progress: Callable[[int], None]
) -> list[Fit]:
    """The bank of each variant. InvalidDataset, which names the photograph that cannot be read."""
    before_s = extractor.pass_seconds
    angles = angles_deg(variants, draw, data)
    references = []
    for path, own in zip(draw.references, angles, strict=True):
        references.append(_extracted(path, own, extractor, progress))
    pass_s = (extractor.pass_seconds - before_s) / sum(map(len, angles))
    return [_Fitting(variant, draw, data, extractor, references).fit(pass_s) for variant in variants]


def _extracted(path: Path, angles: Sequence[float], extractor: Extractor, progress: Callable[[int], None]) -> Turned:
    found = extractor.reference(path, angles)
    progress(len(found))
    return found


@dataclass(frozen=True, slots=True)
class _Fitting:
    variant: Variant
    draw: Draw
    data: ObjectData
    extractor: Extractor
    references: Sequence[Turned]

    def fit(self, pass_s: float) -> Fit:
        """`pass_s`: seconds of one forward pass."""
        rotated = rotation_of(self.variant, self.data.name) == "on"
        angles = ROTATION_ANGLES_DEG if rotated else ROTATION_ANGLES_DEG[:1]
        in_bank = [turned[: len(angles)] for turned in self.references]
        started = time.perf_counter()
        with self.extractor.times.stage("build"):
            bank = self._bank(in_bank, angles)
        build_s = len(in_bank) * len(angles) * pass_s + time.perf_counter() - started
        masks = [[self._mask(each, "robust") for each in turned] for turned in in_bank] if self._is_masked() else None
        fractions = None if masks is None else [[float(mask.mean()) for mask in own] for own in masks]
        table = self._left_out(bank, None if masks is None else [own[0] for own in masks])
        return Fit(self.variant, self.draw, bank, rotated, fractions, build_s, table)

    def _bank(self, in_bank: Sequence[Turned], angles: tuple[float, ...]) -> Bank | None:
        upright, device = [turned[0] for turned in in_bank], self.extractor.device
        match self.variant.method:
            case "spade":
                return GalleryBank(upright, device)
            case "padim":
                try:
                    return GaussianBank(upright, device)
                except ImagesNotAligned:
                    return None
            case method:
                fit = self.variant.preprocessing.fit
                return rows_bank(method, fit, in_bank, angles, coreset_rule(self.variant.coreset), device)

    def _is_masked(self) -> bool:
        masking = masking_of(self.variant, self.data.name)
        if masking != "auto":
            return masking == "on"
        first = self.references[0]
        masks = [self._mask(each, self.variant.profile) for each in first]
        return masking_test(first, masks, ROTATION_ANGLES_DEG).accepted

    def _left_out(self, bank: Bank | None, foregrounds: Sequence[Mask] | None) -> list[LeftOut]:
        """Each compared reference in the bank of the others; nothing where one of them has no others in it."""
        table = []
        for place in compared_positions(self.draw.references):
            upright = self.references[place][0]
            mask = foregrounds[place] if foregrounds else np.ones(upright.geometry.grid.patches, bool)
            found = bank.left_out(place, upright, mask) if bank else None
            if found is None:
                return []
            table.append(found)
        return table

    def _mask(self, features: PatchFeatures, profile: Profile) -> Mask:
        with self.extractor.times.stage("mask"):
            return foreground_mask(features, self.extractor.backbone.spec, profile)
