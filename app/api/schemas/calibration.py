"""The calibration of a product in JSON."""

from dataclasses import fields
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from app.api.schemas.references import AppearanceBody
from app.engine.verdict.calibration import CalibrationState, Threshold
from app.engine.verdict.detection import Detection
from app.service.calibration.calibration_set import CalibrationView
from app.service.calibration.problem import problem
from app.service.verdicts.bank_calibration import ImageKnowledge, ThresholdSource
from app.storage.documents import CalibrationImage


class UndecidableBody(BaseModel):
    """Good images that would get no verdict and set no threshold: how many, and their share of all good ones."""

    count: int
    share: float


class DetectionBody(BaseModel):
    """Of the bad calibration images: how many would be `not_ok`, and how many `not_decidable`. They never set the
    threshold. `detection_rate_95`: such parts are found at least so often, with 95 % confidence; null without any."""

    model_config = ConfigDict(from_attributes=True)

    found: int
    undecidable: int
    bad: int
    detection_rate_95: float | None


class PromiseBody(BaseModel):
    """What is promised of a threshold: by how many good images it was set; at most so many of the good parts are called
    not ok, averaged over products, and on a single product with 95 % confidence. This holds for parts that get a
    verdict; `undecidable`: of how many further good images none would be given. Null while nothing is promised.
    `detection`: what becomes of the bad calibration images."""

    good_images: int | None
    expected_false_alarm_rate: float | None
    false_alarm_rate_95: float | None
    undecidable: UndecidableBody | None
    detection: DetectionBody

    @staticmethod
    def fields_of(promise: Threshold | None, detection: Detection) -> dict[str, Any]:
        names = ("good_images", "expected_false_alarm_rate", "false_alarm_rate_95")
        told: dict[str, Any] = {name: getattr(promise, name) if promise else None for name in names}
        undecidable = promise and UndecidableBody(count=promise.undecidable, share=promise.undecidable_share)
        return told | {"undecidable": undecidable, "detection": DetectionBody.model_validate(detection)}


class CalibrationImageBody(BaseModel):
    """A calibration image. `sha256` is of the file as uploaded, and its id; `score` is null where it was not measured
    in the bank that serves. `is_unlike`: it is called good and shows something else than the references. `undecidable`:
    the flags for which it would get no verdict, and does not set the threshold; empty where it would get one.
    `near_duplicate`: which reference or good image before it a good one is all but the same as."""

    model_config = ConfigDict(from_attributes=True)

    sha256: str
    is_good: bool
    is_unlike: bool
    undecidable: list[str]
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
    def of(cls, image: CalibrationImage, known: ImageKnowledge | None, near_duplicate: str | None) -> Self:
        given = {field.name: getattr(image, field.name) for field in fields(image)}
        undecidable = list(known.undecidable) if known else []
        seen = {
            "score": known.score if known else None,
            "is_unlike": image.is_good and "unlike_references" in undecidable,
            "undecidable": undecidable,
            "near_duplicate": near_duplicate,
        }
        return cls.model_validate(given | seen, from_attributes=True)


class ProgressBody(BaseModel):
    """Good calibration images: how many count in the bank version that serves, and how many `alpha` needs.
    `allowed_alpha`: the smallest that those there are allow, null without any."""

    good: int
    needed: int
    allowed_alpha: float | None


class SessionsBody(BaseModel):
    """In how many sessions (two hours apart, eight hours long at most) the good images that count were sent, the first
    and the last of these images, and why the promise may not hold on another day; null where nothing speaks against
    it."""

    model_config = ConfigDict(from_attributes=True)

    count: int
    first: str | None
    last: str | None
    finding: str | None


class CalibrationBody(PromiseBody):
    """What verdicts are given by. `source`: where the threshold comes from; null without one. `region_threshold`: of
    the patch distance. `measured_in`: the bank version that the images were measured in; they count in that one only.
    `problem`: why they do not set the threshold, or set a wrong one, and what would help.
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
    sessions: SessionsBody
    measured_in: int | None
    images: list[CalibrationImageBody]

    @classmethod
    def of(cls, view: CalibrationView) -> Self:
        product, known = view.product, view.calibration
        settings, doubled = product.settings, view.near_duplicates
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
            problem=problem(view),
            sessions=SessionsBody.model_validate(view.sessions),
            measured_in=view.measured_in,
            images=[
                CalibrationImageBody.of(image, view.images.get(image.sha256), doubled.get(image.sha256))
                for image in product.calibration.images
            ],
            **PromiseBody.fields_of(known.threshold if known and not known.manual else None, view.detection),
        )
