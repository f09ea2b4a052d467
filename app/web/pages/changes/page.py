"""/ui/changes: who changed what."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from app.api.deps import LanesDep, ServiceDep
from app.api.schemas.changes import ChangesPage, ChangesQuery
from app.keys.api_key import Scope
from app.web.access.visitor import REGISTER, VisitorDep, require_product
from app.web.pages.changes.differences import differences
from app.web.pages.history.asked import asked, field_value, filled_in
from app.web.rendering.pages import Entry
from app.web.routes import PageRoute, PagesDep

router = APIRouter(route_class=PageRoute)
ENTRY = Entry("changes", "Changes", frozenset({Scope.REGISTER}))


@router.get("/changes", dependencies=[REGISTER])
async def changes_page(
    request: Request, session: VisitorDep, pages: PagesDep, service: ServiceDep, lanes: LanesDep
) -> Response:
    """Changes, the newest first, as the filter in the query says."""
    query = asked(request, ChangesQuery)
    if query.product_id:
        require_product(session, query.product_id)
    wanted = query.wanted(session.caller.products)
    page = ChangesPage.of(await lanes.admin.call(service.changes.page, wanted, query.limit, query.cursor))
    chosen = {name: value for name, value in filled_in(request.query_params).items() if name != "cursor"}
    return pages.page(
        request,
        "changes/changes.html",
        changes=[(each, differences(each.before, each.after)) for each in page.changes],
        chosen_filter=chosen,
        moments={"from": field_value(query.from_), "to": field_value(query.to)},
        following=page.next_cursor and urlencode(chosen | {"cursor": page.next_cursor}),
    )
