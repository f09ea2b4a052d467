"""/ui/jobs: batches without references, each image judged by the others."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from app.api.deps import LanesDep, ServiceDep, SettingsDep
from app.api.parsing.number import LARGEST_NUMBER
from app.api.schemas.jobs import ZeroShotQuery
from app.errors import TooManyImages
from app.keys.api_key import Scope
from app.web.access.forms import form_of
from app.web.access.visitor import INSPECT, VisitorDep
from app.web.rendering.pages import Entry
from app.web.routes import PageRoute, PagesDep, to_page
from app.wording import counted

router = APIRouter(route_class=PageRoute)
ENTRY = Entry("jobs", "Jobs", frozenset({Scope.INSPECT}))
Index = Annotated[int, Path(ge=0, le=LARGEST_NUMBER)]


class BatchForm(BaseModel):
    """How a batch is scored."""

    masking: Literal["off", "auto", "on"] = "off"


@router.get("/jobs", dependencies=[INSPECT])
async def jobs_page(request: Request, pages: PagesDep, settings: SettingsDep) -> Response:
    """Where a batch is sent."""
    return pages.page(request, "jobs/jobs.html", most=settings.max_images_per_request)


@router.post("/jobs/zero-shot", dependencies=[INSPECT])
async def send_batch(
    request: Request,
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
    settings: SettingsDep,
) -> Response:
    """Score a batch of images: a job."""
    limit = settings.max_images_per_request
    with lanes.jobs.admitted():
        form = await form_of(request, session)
        service.jobs.require_room()
        if len(form.files) > limit:
            raise TooManyImages(f"More than {counted(limit, 'image')} in one batch. Send fewer.", limit=limit)
        asked = BatchForm.model_validate(form.fields)
        wanted = ZeroShotQuery(masking=asked.masking, style="overlay").request()
        job = await lanes.jobs.run(service.zero_shot.submit, form.files, wanted)
    return to_page(pages, f"jobs/{job.job_id}")


@router.get("/jobs/{job_id}", dependencies=[INSPECT])
async def job_page(job_id: str, request: Request, pages: PagesDep, service: ServiceDep, lanes: LanesDep) -> Response:
    """How far a job is, and its results, the oddest first."""
    job = await lanes.admin.call(service.jobs.job, job_id)
    results = sorted(job.results, key=lambda each: -each.score)
    return pages.page(request, "jobs/job.html", job=job, results=results)


@router.get("/jobs/{job_id}/heatmaps/{index}.png", dependencies=[INSPECT])
async def job_heatmap(job_id: str, index: Index, service: ServiceDep, lanes: LanesDep) -> Response:
    """The heatmap of one image, laid over it."""
    return Response(await lanes.admin.call(service.jobs.heatmap, job_id, index), media_type="image/png")


@router.post("/jobs/{job_id}/delete", dependencies=[INSPECT])
async def end_job(
    job_id: str, request: Request, session: VisitorDep, pages: PagesDep, service: ServiceDep, lanes: LanesDep
) -> Response:
    """Cancel a job that waits or runs; remove one that has ended."""
    await form_of(request, session)
    await lanes.admin.call(service.jobs.delete, job_id)
    return to_page(pages, "jobs")
