"""/products: create, list, read, change, load, delete."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.authorisation import ADMIN, READ, REGISTER, CallerDep, check_product
from app.api.bank_loading import once_loaded
from app.api.deps import ExpectedRevision, LanesDep, ProductId, ServiceDep
from app.api.middleware.changes import CHANGE
from app.api.schemas.problem import problems
from app.api.schemas.products import (
    PRODUCT_ID,
    DeletionQuery,
    NewProduct,
    ProductBody,
    ProductChange,
    ProductGiven,
    ProductPage,
)
from app.errors import (
    Conflict,
    InvalidProductId,
    InvalidSettings,
    NoReferences,
    Overloaded,
    PreconditionFailed,
    ProductNotFound,
    RecordsOff,
    StorageFull,
    StorageUnavailable,
)
from app.service.banks.cache import LoadedBank
from app.service.banks.loader import Cold
from app.service.products.settings import UNSET
from app.service.products.view import ProductView

router = APIRouter(tags=["products"])

Limit = Annotated[int, Query(ge=1, le=1000, description="Most products in one answer.")]
Cursor = Annotated[str | None, Query(pattern=PRODUCT_ID, description="`next_cursor` of the page before.")]


@router.get("/products", dependencies=[READ], responses=problems(Overloaded))
async def list_products(
    caller: CallerDep, service: ServiceDep, lanes: LanesDep, limit: Limit = 100, cursor: Cursor = None
) -> ProductPage:
    """Products in the order of their ids; of these, the ones that the key is for."""
    views = await lanes.admin.call(service.products.page, cursor, limit + 1, caller.products)
    page = [ProductBody.of(view) for view in views[:limit]]
    return ProductPage(products=page, next_cursor=page[-1].product_id if len(views) > limit else None)


@router.post(
    "/products",
    status_code=201,
    dependencies=[ADMIN, CHANGE],
    responses=problems(Conflict, InvalidProductId, InvalidSettings, Overloaded),
)
async def create_product(
    new: NewProduct, caller: CallerDep, request: Request, response: Response, service: ServiceDep, lanes: LanesDep
) -> ProductBody:
    """Create a product; settings that are left out take the service's defaults."""
    check_product(caller, new.product_id)
    view = await lanes.admin.call(
        service.products.create, new.product_id, new.changed_settings(), new.display_name, new.metadata or {}
    )
    response.headers["Location"] = f"{request.scope['path']}/{new.product_id}"
    return _tagged(view, response)


@router.get(
    "/products/{product_id}", dependencies=[READ], responses=problems(ProductNotFound, InvalidProductId, Overloaded)
)
async def read_product(product_id: ProductId, response: Response, service: ServiceDep, lanes: LanesDep) -> ProductBody:
    """A product, its settings, and the state of its memory bank."""
    return _tagged(await lanes.admin.call(service.products.view, product_id), response)


@router.put(
    "/products/{product_id}",
    dependencies=[ADMIN, CHANGE],
    responses=problems(ProductNotFound, PreconditionFailed, InvalidProductId, InvalidSettings, Conflict, Overloaded)
    | {201: {"model": ProductBody, "description": "Created"}},
)
async def put_product(
    product_id: ProductId,
    given: ProductGiven,
    revision: ExpectedRevision,
    request: Request,
    response: Response,
    service: ServiceDep,
    lanes: LanesDep,
) -> ProductBody:
    """Create or replace a product; what is left out takes the defaults. Changed features make a new bank version."""
    view, created = await lanes.registration.call(
        service.products.put,
        product_id,
        given.changed_settings(),
        given.display_name,
        given.metadata or {},
        revision,
    )
    if created:
        response.status_code = 201
        response.headers["Location"] = request.scope["path"]
    return _tagged(view, response)


@router.patch(
    "/products/{product_id}",
    dependencies=[ADMIN, CHANGE],
    responses=problems(ProductNotFound, PreconditionFailed, InvalidProductId, InvalidSettings, Conflict, Overloaded),
)
async def change_product(
    product_id: ProductId,
    change: ProductChange,
    revision: ExpectedRevision,
    response: Response,
    service: ServiceDep,
    lanes: LanesDep,
) -> ProductBody:
    """Change what is sent and leave the rest. Changed features make a new bank version; the old serves until then."""
    view = await lanes.registration.call(
        service.products.change,
        product_id,
        change.changed_settings() or None,
        change.display_name if "display_name" in change.model_fields_set else UNSET,
        change.metadata,
        revision,
    )
    return _tagged(view, response)


@router.post(
    "/products/{product_id}/load",
    dependencies=[REGISTER],
    responses=problems(ProductNotFound, NoReferences, InvalidProductId, Overloaded),
)
async def load_product(product_id: ProductId, response: Response, service: ServiceDep, lanes: LanesDep) -> ProductBody:
    """Load the active bank into memory, before a changeover."""

    def look() -> ProductView:
        return service.products.load(product_id)

    def go_on(_loaded: LoadedBank, _cold: Cold) -> ProductView:
        return service.products.view(product_id)

    return _tagged(await once_loaded(look, go_on, service, lanes, lanes.admin), response)


@router.delete(
    "/products/{product_id}",
    status_code=204,
    dependencies=[ADMIN, CHANGE],
    response_class=Response,
    responses=problems(ProductNotFound, InvalidProductId, RecordsOff, Overloaded, StorageFull, StorageUnavailable),
)
async def delete_product(
    product_id: ProductId, service: ServiceDep, lanes: LanesDep, query: Annotated[DeletionQuery, Query()]
) -> None:
    """Delete a product with its references, banks and pictures. It can be restored for a day, unless it is purged; the
    records of its inspections stay, unless they are to be deleted too."""
    forget = query.records == "delete"
    await lanes.admin.call(service.deletion.delete, product_id, purge=query.purge, forget=forget)


@router.post(
    "/products/{product_id}/restore",
    dependencies=[ADMIN, CHANGE],
    responses=problems(ProductNotFound, InvalidProductId, Conflict, Overloaded, StorageFull, StorageUnavailable),
)
async def restore_product(
    product_id: ProductId, response: Response, service: ServiceDep, lanes: LanesDep
) -> ProductBody:
    """Undo the last deletion of this id, within a day: with its references, banks, settings and calibration."""
    await lanes.admin.call(service.deletion.restore, product_id)
    return _tagged(await lanes.admin.call(service.products.view, product_id), response)


def _tagged(view: ProductView, response: Response) -> ProductBody:
    response.headers["ETag"] = f'"{view.product.revision}"'
    return ProductBody.of(view)
