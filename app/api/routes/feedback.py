"""Feedback: what people say of inspected parts, and what that shows."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.api.authorisation import FEEDBACK, READ_RECORDS, CallerDep
from app.api.deps import InspectionId, LanesDep, ProductId, ServiceDep
from app.api.schemas.feedback import (
    FeedbackBody,
    FeedbackGiven,
    ObservedFeedbackBody,
    ObservedQuery,
    microsecond_span,
)
from app.api.schemas.problem import problems
from app.errors import InspectionNotFound, InvalidProductId, Overloaded, ProductNotFound, RecordsOff, StorageUnavailable
from app.storage.records.feedback import Feedback
from app.storage.records.record import MOST_ID, microseconds

router = APIRouter(tags=["feedback"])


@router.post(
    "/inspections/{inspection_id}/feedback",
    status_code=201,
    dependencies=[FEEDBACK],
    responses=problems(InspectionNotFound, RecordsOff, StorageUnavailable, Overloaded),
)
async def give_feedback(
    inspection_id: InspectionId,
    given: FeedbackGiven,
    request: Request,
    caller: CallerDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> FeedbackBody:
    """Say whether an inspected part is good or bad. All that is said is kept; the newest counts. The verdict stays."""
    said = Feedback(
        truth=given.truth,
        at_us=microseconds(datetime.now(UTC)),
        comment=given.comment,
        by=given.by,
        key_name=caller.label[:MOST_ID],
        request_id=request.state.request_id,
    )
    await lanes.admin.call(service.feedback.give, inspection_id, said, caller.products)
    return FeedbackBody.of(said)


@router.get(
    "/products/{product_id}/feedback",
    dependencies=[READ_RECORDS],
    responses=problems(InvalidProductId, ProductNotFound, RecordsOff, StorageUnavailable, Overloaded),
)
async def read_feedback(
    product_id: ProductId, query: Annotated[ObservedQuery, Query()], service: ServiceDep, lanes: LanesDep
) -> ObservedFeedbackBody:
    """False alarms and misses as far as people have looked, beside what was promised: by bank version and by day."""
    span = query.span(datetime.now(UTC))
    found = await lanes.admin.call(service.feedback.observed, product_id, *microsecond_span(span))
    if not found.versions:
        # Nothing is told of a name that was misspelt; a deleted product has its records.
        await lanes.admin.call(service.products.view, product_id)
    return ObservedFeedbackBody.of(product_id, span, found)
