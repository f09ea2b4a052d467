"""/ui/inspect: one photograph, its verdict, and what it was compared with."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.bank_loading import once_loaded
from app.api.deps import LanesDep, ProductId, ServiceDep, SettingsDep, Sha256
from app.api.patience import PatienceDep, hang_up_noticed
from app.api.schemas.caller_ids import CallerId
from app.api.schemas.products import PRODUCT_ID
from app.engine.types import Size
from app.errors import InvalidRequest
from app.keys.api_key import Scope
from app.service.banks.cache import LoadedBank
from app.service.banks.loader import Cold
from app.service.clock import StageClock
from app.service.deadline import Deadline
from app.service.inspection.request import HeatmapRequest, InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.products.view import ProductView
from app.service.service import Service
from app.web.access.forms import Form, form_of
from app.web.access.visitor import INSPECT, LOOK, REGISTER, VisitorDep, require_product
from app.web.pages.inspect.comparisons import comparisons
from app.web.pages.inspect.recent import RecentInspections
from app.web.rendering.pages import Entry
from app.web.rendering.photographs import shown
from app.web.routes import PageRoute, PagesDep

router = APIRouter(route_class=PageRoute)
ENTRY = Entry("inspect", "Inspect", frozenset({Scope.INSPECT}))
MOST_LISTED = 200
"""Products to choose from; the id of one of more is typed."""

MOST_PX = 2000
"""Larger edge of a photograph as it is shown."""

OVERLAY = HeatmapRequest("overlay", "map")
"""As large as the backbone saw it: drawn at once, whatever the photograph's size."""

JPEG, PNG = "image/jpeg", "image/png"
InspectionId = Annotated[str, Path(max_length=64)]


class InspectPageQuery(BaseModel):
    """What is filled in already."""

    product: str = Field(default="", max_length=64)
    part_id: str = Field(default="", max_length=200)
    station_id: str = Field(default="", max_length=200)


class InspectForm(BaseModel):
    """What is inspected as what."""

    model_config = ConfigDict(extra="forbid")

    product: Annotated[str, Field(pattern=PRODUCT_ID)]
    part_id: CallerId | None = None
    station_id: CallerId | None = None


@router.get("/inspect", dependencies=[INSPECT])
async def inspect_page(
    request: Request,
    query: Annotated[InspectPageQuery, Query()],
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> Response:
    """Where a photograph is chosen."""
    views = await lanes.admin.call(service.products.page, None, MOST_LISTED + 1, session.caller.products)
    return pages.page(request, "inspect/inspect.html", products=_listed(views), given=query, result=None)


@router.post("/inspect", dependencies=[INSPECT])
async def inspect_photograph(
    request: Request,
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
    settings: SettingsDep,
    patience: PatienceDep,
) -> Response:
    """Inspect one photograph, and tell the verdict at once."""
    clock = StageClock(request.state.came)
    with lanes.inspection.admitted(patience.deadline()):
        form = await form_of(request, session)
        given, photograph = _given(form), _photograph(form)
    clock.ended("receive")
    require_product(session, given.product)
    deadline = patience.deadline()  # what the body took is not the service's doing
    wanted = _request(given, deadline, session.caller.label, request.state.request_id)
    recent = _recent(request)

    def keep(result: InspectionResult) -> InspectionResult:
        overlay = result.heatmap.png if result.heatmap else b""
        picture = shown(photograph, settings.max_image_pixels, MOST_PX)
        recent.keep(result.inspection_id, result.product_id, picture, overlay)
        return result

    def look() -> InspectionResult:
        clock.ended("wait")
        return keep(service.inspection.inspect_loaded(given.product, photograph, wanted, clock))

    def go_on(loaded: LoadedBank, cold: Cold) -> InspectionResult:
        return keep(service.inspection.inspect_with(loaded, cold, photograph, wanted, clock))

    async with hang_up_noticed(request, deadline):
        result = await once_loaded(look, go_on, service, lanes, lanes.inspection, deadline, given.product)
    views = await lanes.admin.call(service.products.page, None, MOST_LISTED + 1, session.caller.products)
    sizes = await lanes.admin.call(_sizes, service, result) if session.caller.has_one_of({Scope.REGISTER}) else None
    return pages.page(
        request,
        "inspect/inspect.html",
        products=_listed(views),
        given=given,
        result=result,
        comparisons=comparisons(result.regions or (), result.references, sizes or {}),
        may_see_references=sizes is not None,
        on_record=service.readiness().records is not None,
    )


@router.get("/inspect/{inspection_id}/photograph", dependencies=[LOOK])
async def inspected_photograph(
    inspection_id: InspectionId,
    request: Request,
    session: VisitorDep,
    service: ServiceDep,
    lanes: LanesDep,
    settings: SettingsDep,
) -> Response:
    """A photograph that was just inspected here, or was kept; as a browser can show it."""
    recent = _recent(request).pictures(inspection_id)
    if recent is not None:
        require_product(session, recent.product_id)
        return Response(recent.photograph, media_type=JPEG)

    def read() -> bytes:
        kept = service.pictures.photograph(inspection_id, session.caller.products)
        return shown(kept.data, settings.max_image_pixels, MOST_PX)

    return Response(await lanes.admin.call(read), media_type=JPEG)


@router.get("/inspect/{inspection_id}/overlay.png", dependencies=[LOOK])
async def inspected_overlay(
    inspection_id: InspectionId, request: Request, session: VisitorDep, service: ServiceDep, lanes: LanesDep
) -> Response:
    """Its heatmap, laid over it."""
    recent = _recent(request).pictures(inspection_id)
    if recent is not None:
        require_product(session, recent.product_id)
        return Response(recent.overlay, media_type=PNG)
    products = session.caller.products
    drawn = await lanes.admin.call(service.pictures.heatmap, inspection_id, OVERLAY.style, OVERLAY.size, products)
    return Response(drawn.png, media_type=PNG)


@router.get("/inspect/references/{product_id}/{sha256}", dependencies=[REGISTER])
async def reference_picture(
    product_id: ProductId, sha256: Sha256, service: ServiceDep, lanes: LanesDep, settings: SettingsDep
) -> Response:
    """A reference, as a browser can show it."""

    def read() -> bytes:
        data, _ = service.references.image(product_id, sha256)
        return shown(data, settings.max_image_pixels, MOST_PX)

    return Response(await lanes.admin.call(read), media_type=JPEG)


def _given(form: Form) -> InspectForm:
    if not form.get("product"):
        raise InvalidRequest("Choose the product that the photograph is to be inspected as.")
    return InspectForm.model_validate({name: value for name, value in form.fields.items() if value})


def _photograph(form: Form) -> bytes:
    if len(form.files) != 1:
        raise InvalidRequest("Choose one photograph, or take one; then inspect it.")
    return form.files[0].data


def _request(given: InspectForm, deadline: Deadline, key_name: str, request_id: str) -> InspectionRequest:
    return InspectionRequest(
        heatmap=OVERLAY,
        part_id=given.part_id,
        station_id=given.station_id,
        deadline=deadline,
        key_name=key_name,
        request_id=request_id,
    )


def _listed(views: list[ProductView]) -> list[ProductView] | None:
    """None: there are too many of them to choose from."""
    return views if len(views) <= MOST_LISTED else None


def _sizes(service: Service, result: InspectionResult) -> dict[str, Size]:
    """Of the product's references as they are now."""
    entries = service.references.entries(result.product_id)
    return {each.sha256: Size(each.height, each.width) for each in entries}


def _recent(request: Request) -> RecentInspections:
    recent: RecentInspections = request.app.state.recent_inspections
    return recent
