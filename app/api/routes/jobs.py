"""/jobs/{job_id}: what has become of a job, its heatmaps, and its end."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.api.accept import PNG
from app.api.authorisation import INSPECT, READ
from app.api.deps import LanesDep, ServiceDep
from app.api.parsing.number import LARGEST_NUMBER
from app.api.schemas.jobs import JobBody
from app.api.schemas.problem import problems
from app.errors import HeatmapNotFound, JobNotFound, Overloaded, StorageUnavailable

router = APIRouter(prefix="/jobs/{job_id}", tags=["jobs"])

JobId = Annotated[str, Path(description="The job's id. Whoever knows it may see and end the job.")]
Index = Annotated[int, Path(ge=0, le=LARGEST_NUMBER, description="Place of the image in the batch, from 0.")]


@router.get("", dependencies=[READ], responses=problems(JobNotFound, Overloaded, StorageUnavailable))
async def read_job(job_id: JobId, request: Request, service: ServiceDep, lanes: LanesDep) -> JobBody:
    """How far a job is, and once it has succeeded its results."""
    return JobBody.of(await lanes.admin.call(service.jobs.job, job_id), request.scope["path"])


@router.get(
    "/heatmaps/{index}.png",
    dependencies=[INSPECT],
    response_class=Response,
    responses=problems(JobNotFound, HeatmapNotFound, Overloaded, StorageUnavailable)
    | {200: {"content": {PNG: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def read_job_heatmap(job_id: JobId, index: Index, service: ServiceDep, lanes: LanesDep) -> Response:
    """The heatmap of one image of the batch."""
    return Response(await lanes.admin.call(service.jobs.heatmap, job_id, index), media_type=PNG)


@router.delete(
    "",
    status_code=204,
    dependencies=[READ],
    response_class=Response,
    responses=problems(JobNotFound, Overloaded, StorageUnavailable),
)
async def delete_job(job_id: JobId, service: ServiceDep, lanes: LanesDep) -> None:
    """Cancel a job that waits or runs; remove one that has ended, with its results."""
    await lanes.admin.call(service.jobs.delete, job_id)
