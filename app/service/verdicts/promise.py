"""What a bank version promises: by its references, or by photographs that were held out of the bank."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.engine.bank.left_out import LeftOut
from app.engine.options import ProductSettings
from app.engine.verdict.calibration import (
    FEWEST_REFERENCES,
    TooFewGoodImages,
    conformal,
    fewest_good_images,
    provisional,
)
from app.engine.verdict.drift import DriftBaseline
from app.service.banks.masking_policy import masking_applies
from app.service.verdicts.bank_calibration import Calibration, ImageKnowledge
from app.service.verdicts.good_photograph import (
    GoodPhotograph,
    as_looked,
    compared,
    has_nothing_near,
    limits,
    mask_of,
    photographs_of_references,
)
from app.service.verdicts.reference_photographs import ReferencePhotographs
from app.storage.documents import BankManifest, CalibrationImage, Product
from app.storage.left_out import LeftOutTable

NOTHING_BY_PAPER_MASKS = (
    "Under the profile `paper` with a mask nothing is known of good parts' scores. Set masking to off, or profile to "
    "robust."
)
Photographs = Sequence[GoodPhotograph]


def calibration(
    product: Product, manifest: BankManifest, left_out: LeftOutTable, measured: Mapping[str, LeftOut]
) -> Calibration:
    """Of a bank version. `left_out`: its references, each among the others; `measured`: the calibration images in the
    bank, by SHA-256. Only those that an inspection would decide set the threshold."""
    settings, shown = product.settings, ReferencePhotographs.of(manifest)
    if settings.profile == "paper" and masking_applies(settings, manifest.masking):
        # The references' masks are kept by the robust rule only, so nothing is known of the others' scores.
        return Calibration(
            "none",
            shown=shown,
            counted=product.calibration.good,
            manual=settings.threshold,
            problem=NOTHING_BY_PAPER_MASKS,
        )
    references = photographs_of_references(left_out, manifest, settings)
    images = [image for image in product.calibration.images if image.sha256 in measured]
    held_out = _seen(references, images, measured, manifest, settings)
    called = {image.sha256: image.is_good for image in images}
    good = [each for each in held_out if called[each.sha256]]
    images_known = _knowledge(held_out, settings)
    known = _by_good_images(good, settings, _by_references(references, settings))
    decided = [each for each in (*references, *good) if each.decidable]
    return replace(
        known,
        shown=shown,
        median_distance=_usual(references, good, shown).median_distance if known.threshold else None,
        least_contrast=_least_contrast(manifest, references, good),
        largest_distance=max((each.largest for each in decided), default=0.0) or None,
        baseline=DriftBaseline.of(
            [each.median for each in decided],
            [float(each.mask.mean()) for each in decided],
            [each.seen for each in decided if each.seen],
        ),
        images=images_known,
        references=_knowledge(references, settings),
        counted=sum(each.decidable for each in good) if measured else product.calibration.good,
        reduced=len(good) < product.calibration.good >= fewest_good_images(settings.alpha),
        manual=settings.threshold,
        bad=tuple(known for sha256, known in images_known.items() if not called[sha256]),
    )


def _seen(
    references: Photographs,
    images: Sequence[CalibrationImage],
    measured: Mapping[str, LeftOut],
    manifest: BankManifest,
    settings: ProductSettings,
) -> list[GoodPhotograph]:
    """The calibration images as inspections would see them. Where few references do not tell what the product looks
    like, each is compared with the other good ones, too."""
    found = [_held_out(each, measured[each.sha256], manifest, settings) for each in images]
    good = [each for each, image in zip(found, images, strict=True) if image.is_good]
    shown = ReferencePhotographs.of(manifest)
    if len(references) >= FEWEST_REFERENCES:
        usual = limits(references, references, shown)
        return [compared(each, usual) for each in found]
    return [compared(each, _usual(references, [other for other in good if other is not each], shown)) for each in found]


def _held_out(
    image: CalibrationImage, row: LeftOut, manifest: BankManifest, settings: ProductSettings
) -> GoodPhotograph:
    mask, flag = mask_of(row, manifest, settings)
    looked = replace(as_looked(image, manifest), nothing_near=has_nothing_near(row, mask, manifest))
    return GoodPhotograph.of(image.sha256, row, (mask, flag), looked, settings.statistic)


def _usual(references: Photographs, good: Photographs, shown: ReferencePhotographs) -> Calibration:
    """What the product shows: by the references; by all good photographs where there are few references."""
    alike = references if len(references) >= FEWEST_REFERENCES else [*references, *good]
    return limits(alike, references if any(each.seen for each in references) else [*references, *good], shown)


def _least_contrast(manifest: BankManifest, references: Photographs, good: Photographs) -> float | None:
    """Of the references that would be decided; of the good images where that of the references was not measured."""
    odd = {each.sha256 for each in references if not each.decidable}
    by_references = [entry for entry in manifest.references if entry.appearance]
    kept = [entry for entry in by_references if entry.sha256 not in odd] or by_references
    known = [entry.appearance for entry in kept] or [each.seen for each in good if each.decidable]
    return min((each.contrast for each in known if each), default=None)


def _by_good_images(good: Photographs, settings: ProductSettings, otherwise: Calibration) -> Calibration:
    """The threshold by the good images; what the references promise where they are too few for alpha."""
    decided = [each for each in good if each.decidable]
    scores = [each.score(settings.statistic) for each in decided]
    undecidable = len(good) - len(decided)
    try:
        threshold = conformal(scores, settings.alpha, undecidable)
        regions = conformal([each.largest for each in decided], settings.alpha)
    except TooFewGoodImages as error:
        return replace(otherwise, problem=str(error) if good else None)
    return Calibration("calibrated", threshold, regions.value, tuple(scores))


def _by_references(references: Photographs, settings: ProductSettings) -> Calibration:
    decided = [each for each in references if each.decidable]
    scores = [each.score(settings.statistic) for each in decided]
    threshold = provisional(scores, len(references) - len(decided))
    regions = provisional([each.largest for each in decided])
    if threshold is None or regions is None:
        return Calibration("none")
    return Calibration("provisional", threshold, regions.value, tuple(scores))


def _knowledge(photographs: Photographs, settings: ProductSettings) -> dict[str, ImageKnowledge]:
    return {each.sha256: ImageKnowledge(each.score(settings.statistic), each.flags) for each in photographs}
