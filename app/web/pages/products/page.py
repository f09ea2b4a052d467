"""/ui/products: all products, and a new one."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.deps import LanesDep, ServiceDep
from app.api.middleware.changes import CHANGE
from app.api.schemas.products import NewProduct
from app.keys.api_key import Scope
from app.web.access.forms import form_of
from app.web.access.visitor import ADMIN, LOOK, VisitorDep, require_product
from app.web.rendering.pages import Entry
from app.web.routes import PageRoute, PagesDep, to_page

router = APIRouter(route_class=PageRoute)
ENTRY = Entry("products", "Products", frozenset({Scope.INSPECT, Scope.REGISTER}))
PER_PAGE = 100


class ProductsQuery(BaseModel):
    """Which products."""

    after: str | None = Field(default=None, max_length=64)


@router.get("/products", dependencies=[LOOK])
async def products_page(
    request: Request,
    query: Annotated[ProductsQuery, Query()],
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
) -> Response:
    """Products with their state, in the order of their ids."""
    views = await lanes.admin.call(service.products.page, query.after or None, PER_PAGE + 1, session.caller.products)
    following = views[PER_PAGE - 1].product.product_id if len(views) > PER_PAGE else None
    return pages.page(
        request,
        "products/products.html",
        products=views[:PER_PAGE],
        following=following,
        readiness=service.readiness(),
        may_create=session.caller.has_one_of(set()),
    )


@router.post("/products", dependencies=[ADMIN, CHANGE])
async def create_product(
    request: Request, session: VisitorDep, pages: PagesDep, service: ServiceDep, lanes: LanesDep
) -> Response:
    """Create a product with the service's defaults."""
    form = await form_of(request, session)
    new = NewProduct(product_id=form["product_id"], display_name=form.get("display_name"))
    require_product(session, new.product_id)
    await lanes.admin.call(service.products.create, new.product_id, {}, new.display_name, {})
    return to_page(pages, f"products/{new.product_id}")
