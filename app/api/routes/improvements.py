"""/products/{product_id}/improvements: better banks, proposed from confirmed false alarms, and taken by somebody."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.authorisation import READ, REGISTER
from app.api.deps import LanesDep, ProductId, ServiceDep
from app.api.middleware.changes import CHANGE
from app.api.parsing.number import LARGEST_NUMBER
from app.api.schemas.banks import BankBody
from app.api.schemas.improvements import ImprovementBody, ImprovementList, ImprovementSummary
from app.api.schemas.jobs import JobBody
from app.api.schemas.problem import problems
from app.errors import (
    BankDamaged,
    BankNotFound,
    Conflict,
    InvalidProductId,
    NoReferences,
    Overloaded,
    ProductNotFound,
    RecordsOff,
    StorageFull,
    StorageUnavailable,
)

router = APIRouter(prefix="/products/{product_id}/improvements", tags=["improvements"])

Number = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="Number of the proposal.")]
OF_PRODUCT = (InvalidProductId, ProductNotFound, BankDamaged, RecordsOff, Overloaded, StorageUnavailable)


class ActivationQuery(BaseModel):
    """How a proposal is taken."""

    model_config = ConfigDict(extra="forbid")

    higher_threshold: bool = Field(default=False, description="Take it also where the threshold rises.")
    fewer_found: bool = Field(default=False, description="Take it also where a bad part passes that does not pass now.")


@router.post(
    "",
    status_code=202,
    dependencies=[REGISTER, CHANGE],
    responses=problems(*OF_PRODUCT, NoReferences, Conflict, StorageFull),
)
async def propose_improvement(
    product_id: ProductId, request: Request, response: Response, service: ServiceDep, lanes: LanesDep
) -> JobBody:
    """Make a bank version with the confirmed false alarms as references and find out what it would change, as a job.
    It does not serve."""
    job = await lanes.admin.call(service.improvements.submit, product_id)
    prefix = request.scope["path"].removesuffix(f"/products/{product_id}/improvements")
    response.headers["Location"] = job_path = f"{prefix}/jobs/{job.job_id}"
    return JobBody.of(job, job_path)


@router.get("", dependencies=[READ], responses=problems(*OF_PRODUCT))
async def list_improvements(product_id: ProductId, service: ServiceDep, lanes: LanesDep) -> ImprovementList:
    """The proposals that are kept, the newest first."""
    found = await lanes.admin.call(service.improvements.all, product_id)
    return ImprovementList(product_id=product_id, improvements=[ImprovementSummary.of(each) for each in found])


@router.get("/{number}", dependencies=[READ], responses=problems(*OF_PRODUCT, BankNotFound))
async def read_improvement(
    product_id: ProductId, number: Number, service: ServiceDep, lanes: LanesDep
) -> ImprovementBody:
    """A proposal, and every verdict that it would change."""
    return ImprovementBody.of(await lanes.admin.call(service.improvements.one, product_id, number))


@router.post(
    "/{number}/activate",
    dependencies=[REGISTER, CHANGE],
    responses=problems(*OF_PRODUCT, BankNotFound, Conflict, StorageFull),
)
async def activate_improvement(
    product_id: ProductId,
    number: Number,
    query: Annotated[ActivationQuery, Query()],
    service: ServiceDep,
    lanes: LanesDep,
) -> BankBody:
    """Let a bank version serve that is what was proposed. To take it back, activate its `parent`."""
    manifest = await lanes.registration.call(
        service.improvements.activate,
        product_id,
        number,
        higher_threshold=query.higher_threshold,
        fewer_found=query.fewer_found,
    )
    return BankBody.of(product_id, manifest)
