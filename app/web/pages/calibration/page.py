"""/ui/products/{product_id}/calibration: what sets the threshold, and what is promised of it."""

from math import ceil
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from app.api.deps import checked_digest
from app.api.middleware.changes import CHANGE
from app.api.schemas.calibration import CalibrationBody, CalibrationImageBody
from app.errors import CalibrationImageNotFound, InvalidRequest
from app.service.calibration.calibration_set import CalibrationView
from app.web.access.forms import Form
from app.web.access.visitor import REGISTER
from app.web.pages.calibration.histogram import Histogram, Scores
from app.web.pages.product.subject import SubjectDep
from app.web.rendering.photographs import PictureQuery
from app.web.routes import PageRoute

router = APIRouter(route_class=PageRoute, prefix="/products/{product_id}/calibration")
PER_PAGE = 60


class ImagesQuery(BaseModel):
    """Which of the images, counted from 0."""

    start: int = Field(default=0, ge=0, le=1_000_000)


def _image_id(sha256: Annotated[str, Path()]) -> str:
    try:
        return checked_digest(sha256)
    except ValueError as error:
        raise CalibrationImageNotFound(str(error)) from error


ImageId = Annotated[str, Depends(_image_id)]


@router.get("", dependencies=[REGISTER])
async def calibration_page(subject: SubjectDep, query: Annotated[ImagesQuery, Query()]) -> Response:
    """The threshold among the scores, the promise, and the calibration images, those with the largest score first."""
    view = await subject.lanes.admin.call(subject.service.calibration.view, subject.product_id)
    body, scores = CalibrationBody.of(view), Scores.of(view)
    measured = _measured(view)
    images = sorted(body.images, key=_oddest_first)
    return await subject.page(
        "calibration/calibration.html", "calibration", calibration=body, scores=scores, measured=measured,
        histogram=Histogram.of(scores, (body.threshold, measured)),
        above=scores.above(body.threshold) if body.threshold is not None else None,
        images=images[query.start : query.start + PER_PAGE], start=query.start, per_page=PER_PAGE,
        limits=subject.settings, offered=_offered(body.threshold),
    )  # fmt: skip


@router.post("", dependencies=[REGISTER, CHANGE])
async def measure_calibration(subject: SubjectDep) -> Response:
    """Measure the calibration images in the bank that serves now."""
    await subject.form()
    await subject.lanes.registration.call(subject.service.calibration.measure, subject.product_id)
    return subject.back("calibration")


@router.post("/images", dependencies=[REGISTER, CHANGE])
async def add_images(subject: SubjectDep) -> Response:
    """Add photographs that are not references, good ones or bad ones."""
    lane = subject.lanes.registration
    with lane.admitted():
        form = await subject.form()
        is_good = _is_good(form)
        await lane.run(subject.service.calibration.add, subject.product_id, form.files, is_good=is_good)
    return subject.back("calibration")


@router.get("/images/{sha256}", dependencies=[REGISTER])
async def calibration_picture(
    subject: SubjectDep, sha256: ImageId, query: Annotated[PictureQuery, Query()]
) -> Response:
    """A calibration image, small enough to be shown."""
    return await subject.picture(subject.service.calibration.image, sha256, query.size)


@router.post("/images/{sha256}", dependencies=[REGISTER, CHANGE])
async def confirm_image(subject: SubjectDep, sha256: ImageId) -> Response:
    """Call an image good or bad."""
    is_good = _is_good(await subject.form())
    confirm = subject.service.calibration.confirm
    await subject.lanes.registration.call(confirm, subject.product_id, sha256, is_good=is_good)
    return subject.back("calibration#images")


@router.post("/images/{sha256}/remove", dependencies=[REGISTER, CHANGE])
async def remove_image(subject: SubjectDep, sha256: ImageId) -> Response:
    """Take an image out of the set."""
    await subject.form()
    await subject.lanes.registration.call(subject.service.calibration.remove, subject.product_id, sha256)
    return subject.back("calibration#images")


def _measured(view: CalibrationView) -> float | None:
    """The threshold that good images set, whether or not there is one of a person."""
    return view.calibration.threshold.value if view.calibration and view.calibration.threshold else None


def _offered(threshold: float | None) -> float | None:
    """The threshold as a person would write it: rounded up, so that the image that set it stays below."""
    return None if threshold is None else ceil(threshold * 1e6) / 1e6


def _oddest_first(image: CalibrationImageBody) -> tuple[bool, float]:
    """Those without a score at the end."""
    return image.score is None, -(image.score or 0.0)


def _is_good(form: Form) -> bool:
    if form["is_good"] not in ("true", "false"):
        raise InvalidRequest("Say whether the images show good parts or bad ones.")
    return form["is_good"] == "true"
