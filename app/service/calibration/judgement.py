"""From an image score to a verdict."""

from dataclasses import dataclass
from typing import Literal

from app.engine.photograph.appearance import Appearance
from app.engine.types import Distances, Mask
from app.engine.verdict.calibration import CalibrationState, Threshold, is_not_ok, p_value, score_normalized
from app.engine.verdict.scoring import median_distance
from app.service.calibration.bank_calibration import Calibration, ThresholdSource

Verdict = Literal["ok", "not_ok", "not_decidable"]

Flag = Literal[
    "uncalibrated",
    "unlike_references",
    "threshold_stale",
    "calibration_reduced",
    "drift",
    "mask_untrusted",
    "mask_untested",
    "mask_empty",
    "bank_unconfirmed",
]


@dataclass(frozen=True, slots=True)
class Likeness:
    """A quantity of an image that tells whether it shows the product at all, and the limits that good photographs set;
    None: there is none on this side."""

    quantity: Literal["median_distance", "contrast", "foreground_fraction"]
    value: float
    low: float | None
    high: float | None

    @property
    def fits(self) -> bool:
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is made of an image score. `threshold` is None while there is none, `promise` (what is promised of it) also
    where a person has set it; `score_normalized` is the score in units of the threshold (above 1: not ok), None where
    the threshold is 0; `p_value` the share of good parts that are as odd, None while uncalibrated."""

    state: CalibrationState
    source: ThresholdSource | None
    threshold: float | None
    promise: Threshold | None
    score_normalized: float | None
    p_value: float | None
    verdict: Verdict
    flags: tuple[Flag, ...]
    likeness: tuple[Likeness, ...]


@dataclass(frozen=True, slots=True)
class Foreground:
    """Which patches of an image are scored, and what has to be said of the mask. `likeness`: of its foreground with
    that of the references, None where they tell nothing of it."""

    mask: Mask
    flags: tuple[Flag, ...]
    likeness: Likeness | None = None


UNLIKE_RATIO = 1.75
"""An image whose median patch distance is more than this many times the largest one of a good photograph shows
something else than they do. Measured in `docs/accuracy.md`."""

FEATURELESS_SHARE = 0.25
"""An image with less than this share of the least contrast of a good photograph shows nothing: a lens cap."""

UNDECIDABLE: frozenset[Flag] = frozenset({"mask_untrusted", "mask_empty", "unlike_references", "uncalibrated"})
"""What leaves a verdict open, whatever the score."""


def judged(
    score: float, distances: Distances, foreground: Foreground, seen: Appearance, known: Calibration, bank_version: int
) -> Judgement:
    """Whether a part is good: `ok` or `not_ok` where that can be said, else `not_decidable` and why."""
    flags: list[Flag] = []
    if known.limit is None:
        flags.append("uncalibrated")
    shown = likeness(median_distance(distances, foreground.mask), seen, known)
    if not all(each.fits for each in shown):
        flags.append("unlike_references")
    if known.manual and known.manual.bank_version != bank_version:
        flags.append("threshold_stale")
    if known.reduced and not known.manual:
        flags.append("calibration_reduced")
    return Judgement(
        state=known.state,
        source=known.source,
        threshold=known.limit,
        promise=None if known.manual else known.threshold,
        score_normalized=None if known.limit is None else score_normalized(score, known.limit),
        p_value=p_value(score, known.good_scores) if known.good_scores else None,
        verdict=_verdict(score, known.limit, {*flags, *foreground.flags}),
        flags=tuple(flags),
        likeness=(*shown, *([foreground.likeness] if foreground.likeness else [])),
    )


def likeness(median: float, seen: Appearance, known: Calibration) -> list[Likeness]:
    """Whether an image, by its median patch distance and what it looks like, shows the product at all."""
    found = []
    if known.median_distance is not None:
        found.append(Likeness("median_distance", median, None, UNLIKE_RATIO * known.median_distance))
    if known.least_contrast is not None:
        found.append(Likeness("contrast", seen.contrast, FEATURELESS_SHARE * known.least_contrast, None))
    return found


def _verdict(score: float, limit: float | None, flags: set[Flag]) -> Verdict:
    if limit is None or UNDECIDABLE & flags:
        return "not_decidable"
    return "not_ok" if is_not_ok(score, limit) else "ok"
