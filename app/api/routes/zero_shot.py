"""/zero-shot: a batch of images without references, scored by a job."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.authorisation import INSPECT
from app.api.deps import LanesDep, ServiceDep, SettingsDep
from app.api.schemas.jobs import JobBody, ZeroShotQuery
from app.api.schemas.problem import problems
from app.api.uploads import image_request_body, many_images
from app.errors import (
    BankTooLarge,
    BodyTooLarge,
    Draining,
    ImageTooLarge,
    ImageTooSmall,
    ImageTruncated,
    ImageUndecodable,
    InvalidSettings,
    NotReady,
    Overloaded,
    RequestTimeout,
    StorageFull,
    StorageUnavailable,
    TooManyImages,
    UnsupportedImageType,
)

router = APIRouter(tags=["jobs"])


@router.post(
    "/zero-shot",
    status_code=202,
    dependencies=[INSPECT],
    openapi_extra=image_request_body("images", many=True, raw=False),
    responses=problems(
        InvalidSettings, UnsupportedImageType, ImageUndecodable, ImageTruncated, ImageTooSmall, ImageTooLarge,
        BodyTooLarge, TooManyImages, BankTooLarge, RequestTimeout, Overloaded, NotReady, Draining, StorageUnavailable,
        StorageFull,
    ),
)  # fmt: skip
async def score_batch(
    query: Annotated[ZeroShotQuery, Query()],
    request: Request,
    response: Response,
    service: ServiceDep,
    lanes: LanesDep,
    settings: SettingsDep,
) -> JobBody:
    """Score a batch of images, form fields `images`, each judged by the others: a job. Most should show good parts."""
    with lanes.jobs.admitted():
        service.jobs.require_room()
        uploads = await many_images(request, settings.max_images_per_request)
        job = await lanes.jobs.run(service.zero_shot.submit, uploads, query.request())
    path = f"{request.scope['path'].removesuffix('/zero-shot')}/jobs/{job.job_id}"
    response.headers["Location"] = path
    return JobBody.of(job, path)
