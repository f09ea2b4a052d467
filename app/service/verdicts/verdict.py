"""From an image score to a verdict."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal

from app.engine.options import Statistic
from app.engine.photograph.appearance import LEAST_DETAIL, Appearance
from app.engine.photograph.shape import Beside, aspect_beside, size_beside
from app.engine.types import Distances, Mask, Size
from app.engine.verdict.calibration import CalibrationState, Threshold, is_not_ok, p_value, score_normalized
from app.engine.verdict.detection import Detection
from app.engine.verdict.scoring import MOST_UNMOVED, median_distance, unmoved_share
from app.service.verdicts.bank_calibration import Calibration, ThresholdSource

Verdict = Literal["ok", "not_ok", "not_decidable"]

Flag = Literal[
    "uncalibrated",
    "unlike_references",
    "different_size",
    "different_aspect",
    "featureless_references",
    "statistic_degenerate",
    "edge_unseen",
    "threshold_stale",
    "calibration_reduced",
    "drift",
    "mask_untrusted",
    "mask_untested",
    "mask_empty",
    "bank_unconfirmed",
    "other_precision",
    "bit_depth_exceeded",
    "nothing_near",
    "unrecorded",
    "picture_lost",
]


@dataclass(frozen=True, slots=True)
class Likeness:
    """A quantity of an image that tells whether it shows the product at all, and the limits that good photographs set;
    None: there is none on this side."""

    quantity: Literal["median_distance", "contrast", "detail", "size", "aspect", "foreground_fraction"]
    value: float
    low: float | None
    high: float | None

    @property
    def fits(self) -> bool:
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is made of an image score. `threshold` is None while there is none, `promise` (what is promised of it) also
    where a person has set it; `detection`: what it makes of the bad calibration images; `score_normalized` is the score
    in units of the threshold (above 1: not ok), None where the threshold is 0; `p_value` the share of good parts that
    are as odd, None while uncalibrated."""

    state: CalibrationState
    source: ThresholdSource | None
    threshold: float | None
    promise: Threshold | None
    detection: Detection
    score_normalized: float | None
    p_value: float | None
    verdict: Verdict
    flags: tuple[Flag, ...]
    likeness: tuple[Likeness, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """An image as a photograph. `appearance`: None where an earlier release registered it; `exceeds_bit_depth`: it has
    values larger than the bank's bit depth holds; `nothing_near`: where only rows near a patch's place are searched, a
    patch that is scored has none."""

    appearance: Appearance | None
    size: Size
    exceeds_bit_depth: bool = False
    nothing_near: bool = False


@dataclass(frozen=True, slots=True)
class Foreground:
    """Which patches of an image are scored, and what has to be said of the mask. `likeness`: of its foreground with
    that of the references, None where they tell nothing of it."""

    mask: Mask
    flags: tuple[Flag, ...]
    likeness: Likeness | None = None


FEATURELESS_SHARE = 0.25
"""An image with less than this share of the least contrast of a good photograph shows nothing: a lens cap."""

ROUNDING = 1e-5
"""What float32 makes of the distance between equal patches is below this."""

UNDECIDABLE: frozenset[Flag] = frozenset(
    {
        "mask_untrusted",
        "mask_empty",
        "unlike_references",
        "uncalibrated",
        "featureless_references",
        "statistic_degenerate",
        "bit_depth_exceeded",
        "nothing_near",
    }
)
"""What leaves a verdict open, whatever the score."""


def judged(
    score: float,
    distances: Distances,
    foreground: Foreground,
    looked: Looked,
    known: Calibration,
    bank_version: int,
    statistic: Statistic,
) -> Judgement:
    """Whether a part is good: `ok` or `not_ok` where that can be said, else `not_decidable` and why."""
    shown = likeness(median_distance(distances, foreground.mask), looked, known)
    told: dict[Flag, bool] = {
        "bit_depth_exceeded": looked.exceeds_bit_depth,
        "nothing_near": looked.nothing_near,
        "uncalibrated": known.limit is None,
        "unlike_references": not all(each.fits for each in shown),
        "different_size": _size(looked, known).differs,
        "different_aspect": _aspect(looked, known).differs,
        "featureless_references": known.shown.featureless,
        "statistic_degenerate": _is_degenerate(score, foreground.mask, known, statistic),
        "calibration_reduced": known.reduced and not known.manual,
        "threshold_stale": known.manual is not None and known.manual.bank_version != bank_version,
    }
    flags = [flag for flag, holds in told.items() if holds]
    return Judgement(
        state=known.state,
        source=known.source,
        threshold=known.limit,
        promise=None if known.manual else known.threshold,
        detection=known.detection,
        score_normalized=None if known.limit is None else score_normalized(score, known.limit),
        p_value=p_value(score, known.good_scores) if known.good_scores else None,
        verdict=_verdict(score, known.limit, {*flags, *foreground.flags}),
        flags=tuple(flags),
        likeness=(*shown, *([foreground.likeness] if foreground.likeness else [])),
    )


def likeness(median: float, looked: Looked, known: Calibration) -> list[Likeness]:
    """Whether an image, by its median patch distance and as a photograph, shows the product at all."""
    found, seen = [], looked.appearance
    if known.shown.sizes:
        size, aspect = _size(looked, known), _aspect(looked, known)
        found.append(Likeness("size", size.value, size.low, size.high))
        found.append(Likeness("aspect", aspect.value, aspect.low, aspect.high))
    if seen and seen.detail is not None:
        found.append(Likeness("detail", seen.detail, LEAST_DETAIL, None))
    if known.unlike_distance is not None:
        found.append(Likeness("median_distance", median, None, known.unlike_distance))
    if seen and known.least_contrast is not None:
        found.append(Likeness("contrast", seen.contrast, FEATURELESS_SHARE * known.least_contrast, None))
    return found


def _size(looked: Looked, known: Calibration) -> Beside:
    return size_beside(looked.size, known.shown.sizes, known.shown.smaller_edge)


def _aspect(looked: Looked, known: Calibration) -> Beside:
    return aspect_beside(looked.size, known.shown.sizes)


def _is_degenerate(score: float, mask: Mask, known: Calibration, statistic: Statistic) -> bool:
    """Whether the score says nothing: a defect would not move it, or every photograph has the same."""
    if not isfinite(score) or sees_nothing(statistic, mask):
        return True
    if known.limit is not None and max(score, known.limit) <= ROUNDING:
        return True
    return len(known.good_scores) > 1 and len(set(known.good_scores)) == 1


def sees_nothing(statistic: Statistic, mask: Mask) -> bool:
    """Whether too large a defect would not move the score of an image with this foreground."""
    return unmoved_share(statistic, float(mask.mean())) > MOST_UNMOVED


def _verdict(score: float, limit: float | None, flags: set[Flag]) -> Verdict:
    if limit is None or UNDECIDABLE & flags:
        return "not_decidable"
    return "not_ok" if is_not_ok(score, limit) else "ok"
