"""What is known of a product's good parts, in one bank version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.engine.options import ManualThreshold
from app.engine.verdict.calibration import CalibrationState, Threshold, is_not_ok
from app.engine.verdict.detection import Detection
from app.engine.verdict.drift import DriftBaseline
from app.service.verdicts.reference_photographs import NO_REFERENCES, ReferencePhotographs

ThresholdSource = Literal["manual", "provisional", "calibrated"]

NO_BASELINE = DriftBaseline({})


@dataclass(frozen=True, slots=True)
class ImageKnowledge:
    """What a bank says of a photograph that is not in it: its image score, and the flags for which an inspection would
    not decide it (`judgement.UNDECIDABLE`), none where it would."""

    score: float
    undecidable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a bank version knows of good parts, under a product's settings.

    `threshold` of the image score and `region_threshold` of the patch distance: None in state `none`. `good_scores`:
    those that set the threshold. `median_distance`: the largest median patch distance, `least_contrast`: the least
    contrast that the product shows: those of the references, so that a wrong calibration image widens neither (a median
    with fewer than three references: of all good photographs). `largest_distance`: the largest patch distance of a good
    photograph, `baseline`: what they look like. All of them are of photographs that would get a verdict.

    `shown`: the references as photographs. `images` (the calibration images) and `references` (each among the others):
    by SHA-256, as far as they were measured. `counted`: good images that set the threshold, or would if they were
    enough; before any was measured all that there are. `reduced`: there are good images enough, but not all of them
    were measured in this version: less is promised than by all of them. `manual`: the threshold that a person set,
    which overrides the other. `problem`: why the calibration images that there are do not set it. `bad`: the bad ones
    that were measured.
    """

    state: CalibrationState
    threshold: Threshold | None = None
    region_threshold: float | None = None
    good_scores: tuple[float, ...] = ()
    median_distance: float | None = None
    largest_distance: float | None = None
    least_contrast: float | None = None
    baseline: DriftBaseline = NO_BASELINE
    shown: ReferencePhotographs = NO_REFERENCES
    images: Mapping[str, ImageKnowledge] = field(default_factory=dict)
    references: Mapping[str, ImageKnowledge] = field(default_factory=dict)
    counted: int = 0
    reduced: bool = False
    manual: ManualThreshold | None = None
    problem: str | None = None
    bad: tuple[ImageKnowledge, ...] = ()

    @property
    def unlike_distance(self) -> float | None:
        """An image with a larger median patch distance shows something else than the product; None: not known."""
        return None if self.median_distance is None else self.shown.unlike_ratio * self.median_distance

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

    @property
    def detection(self) -> Detection:
        """What becomes of the bad calibration images."""
        limit = self.limit
        decided = [each.score for each in self.bad if not each.undecidable]
        found = sum(is_not_ok(score, limit) for score in decided) if limit is not None else 0
        return Detection(found, len(self.bad) - len(decided), len(self.bad), self.manual is not None)
