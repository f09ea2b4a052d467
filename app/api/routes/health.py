"""/health and /version: answered on the event loop, whatever the service is busy with."""

import platform

from fastapi import APIRouter, Request, Response

from app.api.authorisation import READ
from app.api.deps import ServiceDep
from app.api.problems import problem
from app.api.schemas.health import BackboneBody, LiveBody, ReadyBody, VersionBody
from app.api.schemas.problem import problems
from app.engine.device.faiss_torch import faiss, torch
from app.errors import Draining, NotReady
from app.version import service_version

router = APIRouter(tags=["health"])

DRAINING = "draining"


@router.get("/health/live")
async def live() -> LiveBody:
    """The process answers."""
    return LiveBody()


@router.get("/health/ready", response_model=ReadyBody, responses=problems(NotReady, Draining))
async def ready(request: Request, service: ServiceDep) -> Response | ReadyBody:
    """Whether the service can inspect, and with which backbone."""
    readiness = service.readiness()
    if readiness.ready:
        return ReadyBody.of(readiness)
    kind = Draining if readiness.reason == DRAINING else NotReady
    error = kind(f"Not ready: {readiness.reason}. Send requests to another instance, or wait.")
    return problem(request.scope, error, members={"backbone": BackboneBody.of(readiness.backbone).model_dump()})


@router.get("/version", dependencies=[READ])
async def versions(service: ServiceDep) -> VersionBody:
    """Versions of the service and of what its numbers depend on."""
    return VersionBody(
        version=service_version(),
        backbone=BackboneBody.of(service.readiness().backbone),
        python=platform.python_version(),
        torch=str(torch.__version__),
        faiss=str(faiss.__version__),
    )
