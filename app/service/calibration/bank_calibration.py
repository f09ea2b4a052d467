"""What is known of a product's good parts: by its references, or by photographs that were held out of the bank."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.engine.bank.left_out import LeftOut
from app.engine.masking.foreground import scored_patches
from app.engine.options import ManualThreshold, ProductSettings
from app.engine.photograph.appearance import Appearance
from app.engine.types import Mask
from app.engine.verdict.calibration import (
    FEWEST_REFERENCES,
    REGION_STATISTIC,
    CalibrationState,
    Threshold,
    TooFewGoodImages,
    conformal,
    fewest_good_images,
    provisional,
)
from app.engine.verdict.drift import DriftBaseline
from app.engine.verdict.left_out_scores import left_out_masks, masked_scores
from app.engine.verdict.scoring import median_distance
from app.service.banks.masking_policy import masking_applies
from app.service.calibration.reference_photographs import ReferencePhotographs
from app.storage.documents import BankManifest, Product
from app.storage.left_out import LeftOutTable

ThresholdSource = Literal["manual", "provisional", "calibrated"]


NOTHING_BY_PAPER_MASKS = (
    "Under the profile `paper` with a mask nothing is known of good parts' scores. Set masking to off, or profile to "
    "robust."
)
NO_BASELINE = DriftBaseline({})


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a bank version knows of good parts, under a product's settings. `references`: as photographs.

    `threshold` of the image score and `region_threshold` of the patch distance: None in state `none`. `good_scores`:
    those that set the threshold. `median_distance`: the largest median patch distance, `least_contrast`: the least
    contrast that the product shows: those of the references, so that a wrong calibration image widens neither (a median
    with fewer than three references: of all good photographs). `largest_distance`: the largest patch distance of a good
    photograph, `baseline`: what they look like. `image_scores`, `image_medians` (patch distances): of the calibration
    images, by position, as far as they were measured. `manual`: the threshold that a person set, which overrides the
    other. `problem`: why the calibration images that there are do not set it.
    """

    state: CalibrationState
    references: ReferencePhotographs
    threshold: Threshold | None = None
    region_threshold: float | None = None
    good_scores: tuple[float, ...] = ()
    median_distance: float | None = None
    largest_distance: float | None = None
    least_contrast: float | None = None
    baseline: DriftBaseline = NO_BASELINE
    image_scores: tuple[tuple[int, float], ...] = ()
    image_medians: tuple[tuple[int, float], ...] = ()
    manual: ManualThreshold | None = None
    problem: str | None = None

    @property
    def source(self) -> ThresholdSource | None:
        """Where the threshold comes from that verdicts are given by; None without one."""
        if self.manual:
            return "manual"
        return None if self.state == "none" else self.state

    @property
    def limit(self) -> float | None:
        """The threshold that verdicts are given by."""
        if self.manual:
            return self.manual.value
        return self.threshold.value if self.threshold else None


def calibration_state(manifest: BankManifest | None, product: Product) -> CalibrationState:
    """What state a bank version has under a product's settings; what was measured is taken to be there."""
    if manifest is None or _masks_as_the_authors(product.settings, manifest):
        return "none"
    held_out = product.calibration
    measured = held_out.table is not None and held_out.bank_version == manifest.version
    if measured and held_out.measured_good >= fewest_good_images(product.settings.alpha):
        return "calibrated"
    by_references = manifest.left_out is not None and len(manifest.references) >= FEWEST_REFERENCES
    return "provisional" if by_references else "none"


def calibration(
    product: Product, manifest: BankManifest, left_out: LeftOutTable, measured: LeftOutTable
) -> Calibration:
    """Of a bank version. `left_out`: its references, each among the others; `measured`: the calibration images, by
    position, in the bank."""
    settings = product.settings
    if _masks_as_the_authors(settings, manifest):
        shown = ReferencePhotographs.of(manifest)
        return Calibration("none", shown, manual=settings.threshold, problem=NOTHING_BY_PAPER_MASKS)
    fractions = None
    if masking_applies(settings, manifest.masking):
        fractions = [entry.foreground_fractions for entry in manifest.references]
    references, reference_masks = list(left_out.values()), masks_of_references(left_out, manifest, settings)
    images = list(measured.values())
    image_masks = [_mask(each, fractions, settings) for each in images]
    scores = dict(zip(measured, masked_scores(images, image_masks, settings.statistic), strict=True))
    good = [place for place, position in enumerate(measured) if product.calibration.images[position].is_good]
    held_out = [images[place] for place in good], [image_masks[place] for place in good]
    problem = None
    try:
        found = _by_images(*held_out, settings)
    except TooFewGoodImages as error:
        found = _by_references(references, reference_masks, settings)
        problem = str(error) if held_out[0] else None
    reference_medians = _medians(references, reference_masks)
    medians = _medians(images, image_masks)
    judging = reference_medians if len(references) >= FEWEST_REFERENCES else [*reference_medians, *_at(medians, good)]
    everything = [*references, *held_out[0]], [*reference_masks, *held_out[1]]
    state, threshold, region_threshold, good_scores = found
    usual = max(judging) if threshold else None
    return Calibration(
        state=state,
        references=ReferencePhotographs.of(manifest),
        threshold=threshold,
        region_threshold=region_threshold,
        good_scores=good_scores,
        median_distance=usual,
        least_contrast=_least_contrast(product, manifest),
        baseline=DriftBaseline.of(
            [*reference_medians, *_at(medians, good)],
            [float(mask.mean()) for mask in everything[1]],
            _appearances(product, manifest),
        ),
        largest_distance=max(map(_largest, *everything), default=0.0) or None,
        image_scores=tuple(scores.items()),
        image_medians=tuple(zip(measured, medians, strict=True)),
        manual=settings.threshold,
        problem=problem,
    )


def masks_of_references(left_out: LeftOutTable, manifest: BankManifest, settings: ProductSettings) -> list[Mask]:
    """Which patches of each reference in the table would be scored, in its order."""
    fractions = None
    if masking_applies(settings, manifest.masking):
        fractions = [manifest.references[position].foreground_fractions for position in left_out]
    return left_out_masks(list(left_out.values()), fractions, settings.profile)


_Found = tuple[CalibrationState, Threshold | None, float | None, tuple[float, ...]]


def _by_images(good: Sequence[LeftOut], masks: Sequence[Mask], settings: ProductSettings) -> _Found:
    """TooFewGoodImages for the product's alpha."""
    scores = masked_scores(good, masks, settings.statistic)
    regions = conformal(masked_scores(good, masks, REGION_STATISTIC), settings.alpha)
    return "calibrated", conformal(scores, settings.alpha), regions.value, tuple(scores)


def _by_references(left_out: Sequence[LeftOut], masks: Sequence[Mask], settings: ProductSettings) -> _Found:
    scores = masked_scores(left_out, masks, settings.statistic)
    threshold, regions = provisional(scores), provisional(masked_scores(left_out, masks, REGION_STATISTIC))
    if threshold is None or regions is None:
        return "none", None, None, ()
    return "provisional", threshold, regions.value, tuple(scores)


def _mask(each: LeftOut, fractions: Sequence[Sequence[float]] | None, settings: ProductSettings) -> Mask:
    if fractions is None:
        return np.ones(len(each.distances), bool)
    known = [fraction for own in fractions for fraction in own]
    return scored_patches(each.foreground, settings.profile, known)[0]


def _masks_as_the_authors(settings: ProductSettings, manifest: BankManifest) -> bool:
    """The references' masks are kept by the robust rule only, so nothing is known of the others' scores."""
    return settings.profile == "paper" and masking_applies(settings, manifest.masking)


def _appearances(product: Product, manifest: BankManifest) -> list[Appearance]:
    """Of all good photographs, references and calibration images, as far as it was measured."""
    good = [entry.appearance for entry in manifest.references]
    good += [image.appearance for image in product.calibration.images if image.is_good]
    return [each for each in good if each]


def _least_contrast(product: Product, manifest: BankManifest) -> float | None:
    """Of the references; of all good photographs where that of the references was not measured."""
    measured = [entry.appearance for entry in manifest.references if entry.appearance]
    known = measured or _appearances(product, manifest)
    return min((each.contrast for each in known), default=None)


def _medians(images: Sequence[LeftOut], masks: Sequence[Mask]) -> list[float]:
    return [median_distance(each.distances, mask) for each, mask in zip(images, masks, strict=True)]


def _largest(image: LeftOut, mask: Mask) -> float:
    return float(image.distances[mask].max(initial=0))


def _at(values: Sequence[float], places: Sequence[int]) -> list[float]:
    return [values[place] for place in places]
