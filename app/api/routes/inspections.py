"""/products/{product_id}/inspect: one image in, score and heatmap out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.api.accept import JSON, PNG, preferred
from app.api.authorisation import INSPECT
from app.api.bank_loading import once_loaded
from app.api.deps import Accept, LanesDep, ProductId, ServiceDep
from app.api.patience import PatienceDep, hang_up_noticed
from app.api.schemas.caller_ids import CallerIds
from app.api.schemas.heatmaps import HeatmapLinkBody
from app.api.schemas.inspections import CommissioningBody, InspectionBody, InspectQuery
from app.api.schemas.problem import problems
from app.api.uploads import image_request_body, one_image
from app.errors import (
    BackboneMismatch,
    BankDamaged,
    BankNotFound,
    BodyTooLarge,
    DeadlineExceeded,
    Draining,
    GpuOutOfMemory,
    ImageTooLarge,
    ImageTooSmall,
    ImageTruncated,
    ImageUndecodable,
    InvalidProductId,
    InvalidRequest,
    NoReferences,
    NotAcceptable,
    NotReady,
    Overloaded,
    ProductNotFound,
    RequestTimeout,
    StorageUnavailable,
    TooMuchAsked,
    UnsupportedImageType,
)
from app.service.banks.cache import LoadedBank
from app.service.banks.loader import Cold
from app.service.clock import StageClock
from app.service.inspection.request import InspectionRequest
from app.service.inspection.result import InspectionResult

router = APIRouter(tags=["inspection"])

ID_FIELDS = frozenset(CallerIds.model_fields)


@router.post(
    "/products/{product_id}/inspect",
    dependencies=[INSPECT],
    response_model=InspectionBody,
    openapi_extra=image_request_body("image", text_fields=sorted(ID_FIELDS)),
    responses=problems(
        InvalidProductId, ProductNotFound, BankNotFound, NoReferences, BackboneMismatch, BankDamaged, NotAcceptable,
        UnsupportedImageType, ImageUndecodable, ImageTruncated, ImageTooSmall, ImageTooLarge, BodyTooLarge,
        RequestTimeout, DeadlineExceeded, Overloaded, NotReady, Draining, GpuOutOfMemory, StorageUnavailable,
        TooMuchAsked,
    )
    | {200: {"content": {PNG: {"schema": {"type": "string", "format": "binary"}}}}},
)  # fmt: skip
async def inspect(
    product_id: ProductId,
    query: Annotated[InspectQuery, Query()],
    request: Request,
    service: ServiceDep,
    lanes: LanesDep,
    patience: PatienceDep,
    accept: Accept = None,
) -> Response:
    """Inspect one image. Anything but 200 with `verdict: ok` means that the part is not released."""
    media_type = preferred(accept, (JSON, PNG))
    if media_type == PNG and query.heatmap != "inline":
        raise InvalidRequest(
            f"Accept: image/png asks for the heatmap itself, ?heatmap={query.heatmap} does not. Leave one of them out."
        )
    clock = StageClock(request.state.came)
    with lanes.inspection.admitted(patience.deadline(), product_id):
        image, fields = await one_image(request, ID_FIELDS)
    clock.ended("receive")
    deadline = patience.deadline()  # what the body took is not the service's doing
    key_name, request_id = request.state.caller.label, request.state.request_id
    wanted = replace(_request(query, fields), deadline=deadline, key_name=key_name, request_id=request_id)
    product_path = request.scope["path"].removesuffix("/inspect")

    def look() -> Response:
        clock.ended("wait")
        result = service.inspection.inspect_loaded(product_id, image.data, wanted, clock)
        return _answer(result, media_type, product_path, clock, query)

    def go_on(loaded: LoadedBank, cold: Cold) -> Response:
        result = service.inspection.inspect_with(loaded, cold, image.data, wanted, clock)
        return _answer(result, media_type, product_path, clock, query)

    async with hang_up_noticed(request, deadline):
        return await once_loaded(look, go_on, service, lanes, lanes.inspection, deadline, product_id)


def _request(query: InspectQuery, fields: Mapping[str, str]) -> InspectionRequest:
    try:
        return query.request(CallerIds.model_validate(dict(fields)))
    except ValidationError as error:
        raise RequestValidationError([{**item, "loc": ("form", *item["loc"])} for item in error.errors()]) from error
    except ValueError as error:
        raise InvalidRequest(str(error)) from error


def _answer(
    result: InspectionResult, media_type: str, product_path: str, clock: StageClock, query: InspectQuery
) -> Response:
    if media_type == PNG and result.heatmap:
        return Response(result.heatmap.png, media_type=PNG, headers=_headers(result, product_path))
    link = None
    if query.heatmap == "link" and result.pictures == "kept":
        root = product_path.removesuffix(f"/products/{result.product_id}")
        link = HeatmapLinkBody.of(f"{root}/inspections/{result.inspection_id}", query)
    body = InspectionBody.of(result, product_path, link)
    clock.ended("answer")
    body.timings_ms = clock.timings_ms
    return Response(body.model_dump_json(), media_type=JSON, headers={"Vary": "Accept"})


def _headers(result: InspectionResult, product_path: str) -> dict[str, str]:
    headers = {
        "Anomaly-Score": repr(result.score),
        "Anomaly-Verdict": result.judgement.verdict,
        "Bank-Version": str(result.bank_version),
        "Inspection-Id": result.inspection_id,
        "Vary": "Accept",
    }
    if (threshold := result.judgement.threshold) is not None:
        headers["Anomaly-Threshold"] = repr(threshold)
    if result.flags:
        headers["Anomaly-Flags"] = ", ".join(result.flags)
    if result.commissioning:
        headers["Commissioning-Confirm"] = CommissioningBody.of(product_path, result.commissioning).confirm
    return headers
