"""What a proposed bank version would change if it served: the document that is kept beside it."""

from dataclasses import dataclass
from typing import Literal

from app.engine.verdict.calibration import CalibrationState, Threshold
from app.engine.verdict.detection import Detection
from app.storage.records.record import Truth

KeptVerdict = Literal["ok", "not_ok", "not_decidable"]
LeftOutReason = Literal["no_picture", "unreadable", "near_duplicate", "calibration_image", "too_many"]


@dataclass(frozen=True, slots=True)
class Added:
    """A false alarm that is a reference of the proposed version: the inspection, the file's SHA-256, and the kinds of
    what may be wrong with it as a reference."""

    inspection_id: str
    sha256: str
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A false alarm that is none, and why. `other`: the SHA-256 of the image that it is all but the same as."""

    inspection_id: str
    sha256: str
    reason: LeftOutReason
    detail: str
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """What verdicts are given by in one of the two versions, and what it makes of the bad parts that were shown: those
    that people called bad, and the bad calibration images."""

    threshold: float | None
    state: CalibrationState
    source: str | None
    promise: Threshold | None
    detection: Detection


@dataclass(frozen=True, slots=True)
class Flip:
    """An inspection that would get another verdict. Scores are None where they are not finite. `is_added`: its
    photograph is among the references that the proposed version adds."""

    inspection_id: str
    sha256: str
    part_id: str | None
    at_us: int
    truth: Truth | None
    before: KeptVerdict
    after: KeptVerdict
    score_before: float | None
    score_after: float | None
    is_added: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`conditions`: a digest of all but the references that verdicts depend on; other ones would make other verdicts.
    `photographs`: so many different ones were inspected again, of `inspections`; of `without_picture` more none is
    kept, or can be read. `called_bad`: the photographs (SHA-256) that people had called bad; `bad_images_passing`: the
    bad calibration images that would be ok and are not now."""

    conditions: str
    added: tuple[Added, ...]
    left_out: tuple[LeftOut, ...]
    before: Side
    after: Side
    photographs: int
    inspections: int
    without_picture: int
    flips: tuple[Flip, ...]
    called_bad: tuple[str, ...] = ()
    bad_images_passing: tuple[str, ...] = ()
