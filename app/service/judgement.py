"""From an image score to a verdict: what the leave-one-out table of a bank says of good parts."""

from dataclasses import dataclass

import numpy as np

from app.engine.calibration import (
    FEWEST_REFERENCES,
    CalibrationState,
    Threshold,
    is_not_ok,
    provisional,
    score_normalized,
)
from app.engine.left_out import left_out_masks, left_out_scores
from app.engine.options import ProductSettings
from app.engine.types import Distances, Mask
from app.service.bank_cache import LoadedBank
from app.service.masking_policy import Foreground, masking_applies
from app.service.results import Flag, Judgement
from app.storage.documents import BankManifest

UNLIKE_RATIO = 1.75
"""An image whose median patch distance is more than this many times the largest one of the left-out references shows
something else than they do. Measured in `docs/accuracy.md`."""

UNDECIDABLE: frozenset[Flag] = frozenset({"mask_untrusted", "mask_empty", "unlike_references"})
"""What leaves a verdict open, whatever the score."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a bank knows of good parts: the threshold of the image score, the largest median patch distance."""

    threshold: Threshold
    median_distance: float


def calibration_state(manifest: BankManifest | None, settings: ProductSettings) -> CalibrationState:
    """What state a bank version has under a product's settings; its table is taken to be there."""
    if manifest is None or manifest.left_out is None or _masks_as_the_authors(settings, manifest):
        return "none"
    return "provisional" if len(manifest.references) >= FEWEST_REFERENCES else "none"


def calibration(loaded: LoadedBank, settings: ProductSettings) -> Calibration | None:
    """Of a loaded bank; None where nothing can be promised."""
    if calibration_state(loaded.manifest, settings) == "none":
        return None
    references = loaded.manifest.references
    table = list(loaded.left_out.values())
    masked = masking_applies(settings, loaded.manifest.masking)
    fractions = [references[position].foreground_fractions for position in loaded.left_out] if masked else None
    threshold = provisional(left_out_scores(table, fractions, settings.profile, settings.statistic))
    if threshold is None:
        return None
    masks = left_out_masks(table, fractions, settings.profile)
    medians = [_median(each.distances, mask) for each, mask in zip(table, masks, strict=True)]
    return Calibration(threshold, max(medians))


def judged(
    score: float, distances: Distances, foreground: Foreground, loaded: LoadedBank, settings: ProductSettings
) -> Judgement:
    """Whether a part is good: `ok` or `not_ok` where that can be said, else `not_decidable` and why."""
    known = calibration(loaded, settings)
    if known is None:
        return Judgement("none", None, None, "not_decidable", ("uncalibrated",))
    unlike = _median(distances, foreground.mask) > UNLIKE_RATIO * known.median_distance
    flags: tuple[Flag, ...] = ("unlike_references",) if unlike else ()
    normalized = score_normalized(score, known.threshold)
    if UNDECIDABLE & {*flags, *foreground.flags}:
        return Judgement("provisional", known.threshold, normalized, "not_decidable", flags)
    not_ok = is_not_ok(score, known.threshold)
    return Judgement("provisional", known.threshold, normalized, "not_ok" if not_ok else "ok", flags)


def _masks_as_the_authors(settings: ProductSettings, manifest: BankManifest) -> bool:
    """The references' masks are kept by the robust rule only, so nothing is known of the others' scores."""
    return settings.profile == "paper" and masking_applies(settings, manifest.masking)


def _median(distances: Distances, mask: Mask) -> float:
    return float(np.median(distances[mask])) if mask.any() else 0.0
