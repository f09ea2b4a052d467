"""The calibration of a product in JSON."""

from dataclasses import fields
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from app.api.schemas.references import AppearanceBody
from app.engine.verdict.calibration import CalibrationState, Threshold
from app.service.calibration.bank_calibration import ThresholdSource
from app.service.calibration.images import CalibrationView
from app.storage.documents import CalibrationImage


class PromiseBody(BaseModel):
    """What is promised of a threshold: by how many good images it was set; at most so many of the good parts are called
    not ok, averaged over products, and on a single product with 95 % confidence. Null while nothing is."""

    good_images: int | None
    expected_false_alarm_rate: float | None
    false_alarm_rate_95: float | None

    @staticmethod
    def fields_of(promise: Threshold | None) -> dict[str, Any]:
        names = ("good_images", "expected_false_alarm_rate", "false_alarm_rate_95")
        return {name: getattr(promise, name) if promise else None for name in names}


class CalibrationImageBody(BaseModel):
    """A calibration image. `sha256` is of the file as uploaded, and its id; `score` is null where it was not measured
    in the bank that serves. `is_unlike`: it is called good and shows something else than the references.
    `near_duplicate`: which reference or good image before it a good one is all but the same as."""

    model_config = ConfigDict(from_attributes=True)

    sha256: str
    is_good: bool
    is_unlike: bool
    near_duplicate: str | None
    score: float | None
    filename: str | None
    media_type: str
    width: int
    height: int
    size_bytes: int
    added_at: str
    appearance: AppearanceBody

    @classmethod
    def of(cls, image: CalibrationImage, score: float | None, *, is_unlike: bool, near_duplicate: str | None) -> Self:
        given = {field.name: getattr(image, field.name) for field in fields(image)}
        seen = {"score": score, "is_unlike": is_unlike, "near_duplicate": near_duplicate}
        return cls.model_validate(given | seen, from_attributes=True)


class ProgressBody(BaseModel):
    """Good calibration images: how many count in the bank version that serves, and how many `alpha` needs.
    `allowed_alpha`: the smallest that those there are allow, null without any."""

    good: int
    needed: int
    allowed_alpha: float | None


class DetectionBody(BaseModel):
    """Of the bad calibration images: how many lie above the threshold. They never set it."""

    found: int
    bad: int


class CalibrationBody(PromiseBody):
    """What verdicts are given by. `source`: where the threshold comes from; null without one. `region_threshold`: of
    the patch distance. `measured_in`: the bank version that the images were measured in; they count in that one only.
    `problem`: why they do not set the threshold, and what would help.
    """

    product_id: str
    bank_version: int | None
    state: CalibrationState
    source: ThresholdSource | None
    threshold: float | None
    threshold_stale: bool
    region_threshold: float | None
    alpha: float
    commissioning: bool
    progress: ProgressBody
    problem: str | None
    detection: DetectionBody
    measured_in: int | None
    images: list[CalibrationImageBody]

    @classmethod
    def of(cls, view: CalibrationView) -> Self:
        product, known = view.product, view.calibration
        held_out, settings, scores = product.calibration, product.settings, view.scores
        (found, bad), unlike, doubled = view.detection, view.unlike, view.near_duplicates
        return cls(
            product_id=product.product_id,
            bank_version=view.bank_version,
            state=known.state if known else "none",
            source=known.source if known else None,
            threshold=known.limit if known else None,
            threshold_stale=settings.threshold is not None and settings.threshold.bank_version != view.bank_version,
            region_threshold=known.region_threshold if known else None,
            alpha=settings.alpha,
            commissioning=settings.commissioning,
            progress=ProgressBody(good=view.good, needed=view.needed, allowed_alpha=view.allowed_alpha),
            problem=view.problem,
            detection=DetectionBody(found=found, bad=bad),
            measured_in=held_out.bank_version,
            images=[
                CalibrationImageBody.of(
                    image,
                    scores.get(at),
                    is_unlike=image in unlike,
                    near_duplicate=doubled.get(image.sha256),
                )
                for at, image in enumerate(held_out.images)
            ],
            **PromiseBody.fields_of(known.threshold if known and not known.manual else None),
        )
