"""/inspections and /parts: what was inspected."""

from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from app.api.accept import JSON, preferred
from app.api.authorisation import READ, CallerDep, check_product
from app.api.deps import Accept, LanesDep, ServiceDep
from app.api.schemas.problem import problems
from app.api.schemas.products import PRODUCT_ID
from app.api.schemas.records import (
    PartBody,
    RecordBody,
    RecordPage,
    RecordPageQuery,
    csv_lines,
    json_lines,
)
from app.errors import InspectionNotFound, NotAcceptable, Overloaded, RecordsOff, StorageUnavailable

router = APIRouter(tags=["records"])

CSV, JSON_LINES = "text/csv", "application/x-ndjson"
EXPORTS = {CSV: csv_lines, JSON_LINES: json_lines}
Required = Annotated[
    str | None,
    Query(
        pattern=rf"{PRODUCT_ID[:-1]}(,{PRODUCT_ID[1:-1]})*$",
        description="Products, separated by commas, that the part must have been inspected as.",
    ),
]


@router.get(
    "/inspections",
    dependencies=[READ],
    response_model=RecordPage,
    responses=problems(RecordsOff, NotAcceptable, StorageUnavailable, Overloaded)
    | {200: {"content": {kind: {"schema": {"type": "string"}} for kind in EXPORTS}}},
)
async def list_inspections(
    query: Annotated[RecordPageQuery, Query()],
    caller: CallerDep,
    service: ServiceDep,
    lanes: LanesDep,
    accept: Accept = None,
) -> Response:
    """Inspections, the newest first, a page at a time; as CSV or JSON lines all of them (`limit` and `cursor` do not
    matter then)."""
    if query.product_id:
        check_product(caller, query.product_id)
    kind, wanted = preferred(accept, (JSON, *EXPORTS)), query.wanted(caller.products)
    if kind == JSON:
        page = await lanes.admin.call(service.records.page, wanted, query.limit, query.cursor)
        return Response(RecordPage.of(page).model_dump_json(), media_type=JSON, headers={"Vary": "Accept"})
    every = service.records.every(wanted)
    # The first of them before the answer begins: what fails later can only cut it off.
    first = await lanes.admin.call(lambda: [*zip(range(1), every, strict=False)])
    lines = EXPORTS[kind](chain((record for _, record in first), every))
    return StreamingResponse(lines, media_type=kind, headers={"Vary": "Accept"})


@router.get(
    "/inspections/{inspection_id}",
    dependencies=[READ],
    responses=problems(InspectionNotFound, RecordsOff, StorageUnavailable, Overloaded),
)
async def read_inspection(
    inspection_id: Annotated[str, Path(max_length=64)], caller: CallerDep, service: ServiceDep, lanes: LanesDep
) -> RecordBody:
    """One inspection as it was answered."""
    return RecordBody.of(await lanes.admin.call(service.records.one, inspection_id, caller.products))


@router.get(
    "/parts/{part_id:path}",
    dependencies=[READ],
    responses=problems(InspectionNotFound, RecordsOff, StorageUnavailable, Overloaded),
)
async def read_part(
    part_id: Annotated[str, Path(max_length=200)],
    caller: CallerDep,
    service: ServiceDep,
    lanes: LanesDep,
    products: Required = None,
) -> PartBody:
    """All inspections of a part over its products and cameras, and one verdict: the worst of the newest of each."""
    required = products.split(",") if products else []
    return PartBody.of(await lanes.admin.call(service.records.part, part_id, required, caller.products))
