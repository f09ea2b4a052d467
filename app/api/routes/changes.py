"""/changes: who changed what."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.authorisation import REGISTER, CallerDep, check_product
from app.api.deps import LanesDep, ServiceDep
from app.api.schemas.changes import ChangesPage, ChangesQuery
from app.api.schemas.problem import problems
from app.errors import Overloaded, RecordsOff, StorageUnavailable

router = APIRouter(tags=["records"])


@router.get("/changes", dependencies=[REGISTER], responses=problems(RecordsOff, StorageUnavailable, Overloaded))
async def list_changes(
    query: Annotated[ChangesQuery, Query()], caller: CallerDep, service: ServiceDep, lanes: LanesDep
) -> ChangesPage:
    """What was changed over the API, the newest first: by which key, how it ended, what it changed."""
    if query.product_id:
        check_product(caller, query.product_id)
    wanted = query.wanted(caller.products)
    return ChangesPage.of(await lanes.admin.call(service.changes.page, wanted, query.limit, query.cursor))
