"""/ui/products/{product_id}/improvements: better banks, proposed from what people said, and taken by somebody."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from app.api.deps import LanesDep, ProductId, ServiceDep
from app.api.middleware.changes import CHANGE
from app.api.routes.improvements import ActivationQuery, Number
from app.api.schemas.feedback import ObservedFeedbackBody, ObservedQuery, microsecond_span
from app.api.schemas.improvements import ImprovementBody, ImprovementSummary
from app.errors import JobNotFound
from app.keys.api_key import Scope
from app.storage.jobs import Job
from app.web.access.forms import form_of
from app.web.access.sessions import Session
from app.web.access.visitor import LOOK, REGISTER, VisitorDep
from app.web.routes import PageRoute, PagesDep, to_page

router = APIRouter(route_class=PageRoute, prefix="/products/{product_id}/improvements")
SHOWN_FLIPS = 200


class JobQuery(BaseModel):
    """The job that makes a proposal."""

    job: str | None = None


@router.get("", dependencies=[LOOK])
async def improvements_page(
    product_id: ProductId,
    request: Request,
    query: Annotated[JobQuery, Query()],
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> Response:
    """The proposals of a product, how far the next one is, and false alarms beside what was promised."""
    job = await lanes.admin.call(service.jobs.job, query.job) if query.job else None
    if job:
        _require_of(product_id, job)
    if job and job.proposed:
        return to_page(pages, f"products/{product_id}/improvements/{job.proposed.number}")
    found = await lanes.admin.call(service.improvements.all, product_id)
    span = ObservedQuery().span(datetime.now(UTC))
    observed = await lanes.admin.call(service.feedback.observed, product_id, *microsecond_span(span))
    return pages.page(
        request,
        "improvements/improvements.html",
        product_id=product_id,
        job=job,
        improvements=[ImprovementSummary.of(each) for each in found],
        observed=ObservedFeedbackBody.of(product_id, span, observed),
        may_change=_may_change(session),
    )


@router.post("", dependencies=[REGISTER, CHANGE])
async def propose_improvement(
    product_id: ProductId, request: Request, session: VisitorDep, pages: PagesDep, service: ServiceDep, lanes: LanesDep
) -> Response:
    """Make a proposal from the confirmed false alarms, as a job."""
    await form_of(request, session)
    job = await lanes.admin.call(service.improvements.submit, product_id)
    return to_page(pages, f"products/{product_id}/improvements?job={job.job_id}")


@router.get("/{number}", dependencies=[LOOK])
async def improvement_page(
    product_id: ProductId,
    number: Number,
    request: Request,
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> Response:
    """A proposal, and the verdicts that it would change."""
    found = await lanes.admin.call(service.improvements.one, product_id, number)
    told = ImprovementBody.of(found)
    return pages.page(
        request,
        "improvements/improvement.html",
        product_id=product_id,
        told=told,
        flips=told.flips[:SHOWN_FLIPS],
        may_change=_may_change(session),
    )


@router.post("/{number}/activate", dependencies=[REGISTER, CHANGE])
async def activate_improvement(
    product_id: ProductId,
    number: Number,
    request: Request,
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> Response:
    """Let serve what was proposed."""
    form = await form_of(request, session)
    taken = ActivationQuery.model_validate(form.fields)
    await lanes.registration.call(
        service.improvements.activate,
        product_id,
        number,
        higher_threshold=taken.higher_threshold,
        fewer_found=taken.fewer_found,
    )
    return to_page(pages, f"products/{product_id}/improvements/{number}")


def _require_of(product_id: str, job: Job) -> None:
    if job.kind != "improvement" or (job.proposed and job.proposed.product_id != product_id):
        raise JobNotFound(f"The job {job.job_id} makes no proposal for {product_id!r}. Ask for another one.")


def _may_change(session: Session) -> bool:
    return session.caller.has_one_of({Scope.REGISTER})
