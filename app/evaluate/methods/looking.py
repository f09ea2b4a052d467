"""Banks that have to be made draw by draw: fitted first, then shown the test images one after the other.

In memory at a time: the references of one draw at every angle, what the banks of all draws keep, and one test image.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.engine.masking.foreground import foreground_mask, scored_patches
from app.engine.options import Profile
from app.engine.types import Distances, Geometry, Mask, PatchFeatures
from app.evaluate.dataset import ObjectData
from app.evaluate.measured.costs import Costs
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.needs import compared_positions
from app.evaluate.measured.seen import Seen
from app.evaluate.methods.banks import ImagesNotAligned
from app.evaluate.methods.fitting import Fit, angles_deg, fits
from app.evaluate.planned.plan import Draw
from app.evaluate.planned.variant import Variant

Wanted = tuple[Variant, Draw]
"""A bank to be made."""


def looks(
    wanted: Sequence[Wanted], data: ObjectData, extractor: Extractor, progress: Callable[[int], None]
) -> dict[Wanted, Seen | None]:
    """What each bank sees, all of one backbone, preprocessing and kind of features; None where positions cannot be
    compared, because the images are of different sizes.

    Raises:
        InvalidDataset: a photograph cannot be read; it is named.
    """
    shown = [
        _Shown(fit)
        for draw, variants in _by_draw(wanted).items()
        for fit in fits(draw, variants, data, extractor, progress)
    ]
    before_s = extractor.pass_seconds
    for features in extractor.images([image.path for image in data.test]):
        masks = _Masks(features, extractor)
        for each in shown:
            each.look(features, masks)
        progress(1)
    pass_s = (extractor.pass_seconds - before_s) / len(data.test)
    return {(each.fit.variant, each.fit.draw): each.seen(pass_s) for each in shown}


def passes(wanted: Sequence[Wanted], data: ObjectData) -> int:
    """Images that have to go through the backbone for `looks`."""
    angles = [angles_deg(variants, draw, data) for draw, variants in _by_draw(wanted).items()]
    return len(data.test) + sum(len(own) for each in angles for own in each)


def _by_draw(wanted: Sequence[Wanted]) -> dict[Draw, list[Variant]]:
    found: dict[Draw, list[Variant]] = {}
    for variant, draw in wanted:
        found.setdefault(draw, []).append(variant)
    return found


@dataclass(frozen=True, slots=True)
class _Masks:
    """The foreground masks of one image, each made when it is first asked for."""

    features: PatchFeatures
    extractor: Extractor
    made: dict[Profile, Mask] = field(default_factory=dict)

    def of(self, profile: Profile) -> Mask:
        if profile not in self.made:
            with self.extractor.times.stage("mask"):
                self.made[profile] = foreground_mask(self.features, self.extractor.backbone.spec, profile)
        return self.made[profile]


@dataclass(slots=True)
class _Shown:
    """A bank with what it has seen so far; it is `aligned` until an image cannot be compared."""

    fit: Fit
    aligned: bool = True
    seconds: float = 0.0
    distances: list[Distances] = field(default_factory=list)
    foregrounds: list[Mask] = field(default_factory=list)
    geometries: list[Geometry] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def look(self, features: PatchFeatures, masks: _Masks) -> None:
        if self.fit.bank is None or not self.aligned:
            return
        foreground = self._foreground(features, masks)
        started = time.perf_counter()
        try:
            with masks.extractor.times.stage("search"):
                look = self.fit.bank.look(features, foreground)
        except ImagesNotAligned:
            self.aligned = False
            return
        self.seconds += time.perf_counter() - started
        self.distances.append(np.where(foreground, look.distances, np.float32(0)))
        self.foregrounds.append(foreground)
        self.geometries.append(features.geometry)
        if look.score is not None:
            self.scores.append(look.score)

    def _foreground(self, features: PatchFeatures, masks: _Masks) -> Mask:
        if self.fit.fractions is None:
            return np.ones(features.geometry.grid.patches, bool)
        profile = self.fit.variant.profile
        flat = [fraction for own in self.fit.fractions for fraction in own]
        return scored_patches(masks.of(profile), profile, flat)[0]

    def seen(self, pass_s: float) -> Seen | None:
        """`pass_s`: seconds of one forward pass."""
        fit = self.fit
        if fit.bank is None or not self.aligned:
            return None
        compared = compared_positions(fit.draw.references)
        return Seen(
            self.distances,
            self.foregrounds,
            self.geometries,
            fit.left_out,
            None if fit.fractions is None else [fit.fractions[place] for place in compared],
            rotated=fit.rotated,
            masked=fit.fractions is not None,
            costs=Costs(1000 * (pass_s + self.seconds / len(self.distances)), fit.bank.size_bytes, fit.build_s),
            scores=self.scores or None,
            metric=fit.bank.metric,
        )
