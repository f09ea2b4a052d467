"""/inspections, /parts and the statistics of a product: what was inspected."""

from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from app.api.accept import JSON, PNG, preferred
from app.api.authorisation import READ_RECORDS, CallerDep, check_product
from app.api.deps import Accept, InspectionId, LanesDep, ProductId, ServiceDep
from app.api.schemas.feedback import JudgedRecordBody
from app.api.schemas.heatmaps import HeatmapQuery
from app.api.schemas.problem import problems
from app.api.schemas.products import PRODUCT_ID
from app.api.schemas.records import (
    PartBody,
    RecordPage,
    RecordPageQuery,
    csv_lines,
    json_lines,
)
from app.api.schemas.statistics import StatisticsBody, StatisticsQuery
from app.engine.photograph.image_file import MEDIA_TYPES
from app.errors import (
    InspectionNotFound,
    InvalidProductId,
    InvalidRequest,
    NotAcceptable,
    Overloaded,
    PictureNotFound,
    ProductNotFound,
    RecordsOff,
    StorageUnavailable,
    TooMuchAsked,
)

router = APIRouter(tags=["records"])

CSV, JSON_LINES = "text/csv", "application/x-ndjson"
EXPORTS = {CSV: csv_lines, JSON_LINES: json_lines}
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
PICTURE_PROBLEMS = problems(InspectionNotFound, PictureNotFound, RecordsOff, StorageUnavailable, Overloaded)
Required = Annotated[
    str | None,
    Query(
        pattern=rf"{PRODUCT_ID[:-1]}(,{PRODUCT_ID[1:-1]})*$",
        description="Products, separated by commas, that the part must have been inspected as.",
    ),
]


@router.get(
    "/inspections",
    dependencies=[READ_RECORDS],
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
    dependencies=[READ_RECORDS],
    responses=problems(InspectionNotFound, RecordsOff, StorageUnavailable, Overloaded),
)
async def read_inspection(
    inspection_id: InspectionId, caller: CallerDep, service: ServiceDep, lanes: LanesDep
) -> JudgedRecordBody:
    """One inspection as it was answered, and all that was said of it since."""
    record = await lanes.admin.call(service.records.one, inspection_id, caller.products)
    return JudgedRecordBody.of_judged(record, await lanes.admin.call(service.feedback.of, inspection_id))


@router.get(
    "/inspections/{inspection_id}/image",
    dependencies=[READ_RECORDS],
    response_class=Response,
    responses=PICTURE_PROBLEMS | {200: {"content": dict.fromkeys(MEDIA_TYPES.values(), BINARY)}},
)
async def read_photograph(
    inspection_id: InspectionId, caller: CallerDep, service: ServiceDep, lanes: LanesDep
) -> Response:
    """The photograph as it was sent, where it was kept."""
    kept = await lanes.admin.call(service.pictures.photograph, inspection_id, caller.products)
    return _picture(kept.data, kept.media_type, kept.filename)


@router.get(
    "/inspections/{inspection_id}/heatmap.png",
    dependencies=[READ_RECORDS],
    response_class=Response,
    responses=PICTURE_PROBLEMS | problems(InvalidRequest) | {200: {"content": {PNG: BINARY}}},
)
async def read_heatmap(
    inspection_id: InspectionId,
    query: Annotated[HeatmapQuery, Query()],
    caller: CallerDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> Response:
    """The heatmap in any style and size, as the inspection would have drawn it."""
    drawn = await lanes.admin.call(service.pictures.heatmap, inspection_id, query.style, query.size, caller.products)
    return _picture(drawn.png, PNG, f"{inspection_id}.{query.style}.png")


@router.get(
    "/products/{product_id}/statistics",
    dependencies=[READ_RECORDS],
    responses=problems(InvalidProductId, ProductNotFound, RecordsOff, TooMuchAsked, StorageUnavailable, Overloaded),
)
async def read_statistics(
    product_id: ProductId, query: Annotated[StatisticsQuery, Query()], service: ServiceDep, lanes: LanesDep
) -> StatisticsBody:
    """What was inspected of a product, counted: by verdict and flag, with quantiles of scores and times."""
    try:
        whole, spans = query.spans()
    except ValueError as error:
        raise InvalidRequest(str(error)) from error
    found = await lanes.admin.call(service.records.statistics, product_id, whole, spans)
    if not found.whole[1].verdicts:
        # Nothing is told of a name that was misspelt; a deleted product has its records.
        await lanes.admin.call(service.products.view, product_id)
    return StatisticsBody.of(found, query)


@router.get(
    "/parts/{part_id:path}",
    dependencies=[READ_RECORDS],
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


def _picture(data: bytes, media_type: str, filename: str) -> Response:
    # A browser shows it as what it is, or saves it under this name; it never guesses another type.
    headers = {"Content-Disposition": f'inline; filename="{filename}"', "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type=media_type, headers=headers)
