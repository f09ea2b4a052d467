"""/ui/parts/{part_id}: one part over all its products and cameras."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.api.deps import LanesDep, ServiceDep
from app.web.access.visitor import READ_RECORDS, VisitorDep
from app.web.routes import PageRoute, PagesDep

router = APIRouter(route_class=PageRoute)
PartId = Annotated[str, Path(max_length=200)]
Required = Annotated[str, Query(max_length=2000)]


@router.get("/parts/{part_id:path}", dependencies=[READ_RECORDS])
async def part_page(
    part_id: PartId,
    request: Request,
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
    products: Required = "",
) -> Response:
    """One verdict over all of it, and all its inspections. `products`: that it must have been inspected as, separated
    by commas."""
    required = [each.strip() for each in products.split(",") if each.strip()]
    part = await lanes.admin.call(service.records.part, part_id, required, session.caller.products)
    return pages.page(request, "part/part.html", part=part, required=", ".join(required), may_judge=False)
