"""Proposed improvements in JSON."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from app.api.schemas.calibration import PromiseBody
from app.engine.verdict.calibration import CalibrationState
from app.service.improvements.document import Flip, KeptVerdict, LeftOutReason, Side
from app.service.improvements.improvements import Improvement, ProposalState
from app.storage.records.record import Truth, moment


class AddedBody(BaseModel):
    """A false alarm that is a reference of the proposed version. `findings`: what may be wrong with it as a
    reference."""

    model_config = ConfigDict(from_attributes=True)

    inspection_id: str
    sha256: str
    findings: list[str]


class LeftOutBody(BaseModel):
    """A false alarm that is none, and why. `other`: the image that it is all but the same as."""

    model_config = ConfigDict(from_attributes=True)

    inspection_id: str
    sha256: str
    reason: LeftOutReason
    detail: str
    other: str | None


class SideBody(PromiseBody):
    """What verdicts are given by in one of the two versions, and what is promised. `detection`: of the bad parts that
    were shown to it: those that people called bad, and the bad calibration images."""

    threshold: float | None
    state: CalibrationState
    source: str | None

    @classmethod
    def of(cls, side: Side) -> Self:
        promised = PromiseBody.fields_of(side.promise, side.detection)
        return cls(threshold=side.threshold, state=side.state, source=side.source, **promised)


class FlipBody(BaseModel):
    """An inspection that would get another verdict. `before` and `after`: by the version that serves, and by the
    proposed one. `is_added`: its photograph is one of the added references."""

    inspection_id: str
    sha256: str
    part_id: str | None
    created_at: str
    truth: Truth | None
    before: KeptVerdict
    after: KeptVerdict
    score_before: float | None
    score_after: float | None
    is_added: bool

    @classmethod
    def of(cls, flip: Flip) -> Self:
        same = {name: getattr(flip, name) for name in cls.model_fields if name != "created_at"}
        return cls(created_at=moment(flip.at_us).isoformat(timespec="microseconds"), **same)


class EvaluatedBody(BaseModel):
    """So many `photographs` were inspected again, of so many `inspections`; of `without_picture` more none is kept."""

    model_config = ConfigDict(from_attributes=True)

    photographs: int
    inspections: int
    without_picture: int


class ImprovementSummary(BaseModel):
    """A proposal. `number`: its bank version, which does not serve; `base_version`: the one that it improves.
    `raises_threshold`, `finds_fewer` (of the bad parts that were shown): to be taken, that has to be asked for."""

    product_id: str
    number: int
    base_version: int | None
    state: ProposalState
    created_at: str
    raises_threshold: bool
    finds_fewer: bool
    before: SideBody
    after: SideBody
    evaluated: EvaluatedBody
    added_count: int
    left_out_count: int
    flip_count: int

    @classmethod
    def of(cls, found: Improvement) -> Self:
        return cls(**_summary(found))


class ImprovementBody(ImprovementSummary):
    """A proposal with all that it says: `flips`, those that would be released first, then those that would be.
    `bad_images_passing`: the bad calibration images (SHA-256) that would be ok and are not now."""

    added: list[AddedBody]
    left_out: list[LeftOutBody]
    flips: list[FlipBody]
    bad_images_passing: list[str]

    @classmethod
    def of(cls, found: Improvement) -> Self:
        evaluation = found.evaluation
        return cls(
            **_summary(found),
            added=[AddedBody.model_validate(each) for each in evaluation.added],
            left_out=[LeftOutBody.model_validate(each) for each in evaluation.left_out],
            flips=[FlipBody.of(each) for each in evaluation.flips],
            bad_images_passing=[*evaluation.bad_images_passing],
        )


class ImprovementList(BaseModel):
    """The proposals of a product that are kept, the newest first."""

    product_id: str
    improvements: list[ImprovementSummary]


def _summary(found: Improvement) -> dict[str, Any]:
    evaluation, manifest = found.evaluation, found.manifest
    return {
        "product_id": found.product_id,
        "number": manifest.version,
        "base_version": manifest.parent,
        "state": found.state,
        "created_at": manifest.created_at,
        "raises_threshold": found.raises_threshold,
        "finds_fewer": found.finds_fewer,
        "before": SideBody.of(evaluation.before),
        "after": SideBody.of(evaluation.after),
        "evaluated": EvaluatedBody.model_validate(evaluation),
        "added_count": len(evaluation.added),
        "left_out_count": len(evaluation.left_out),
        "flip_count": len(evaluation.flips),
    }
