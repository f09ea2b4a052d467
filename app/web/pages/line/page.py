"""/ui/line: the wall screen. It follows the records, so it shows what any replica has inspected."""

import asyncio
import time as clock
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app.api.deps import LanesDep, ServiceDep, SettingsDep
from app.errors import InspectorError
from app.keys.api_key import Scope
from app.web.access.sessions import Session, Sessions
from app.web.access.visitor import COOKIE, LOOK, VisitorDep, require_product
from app.web.pages.line.line_state import LineState, LineWatch
from app.web.pages.line.shift import began
from app.web.pages.line.streams import Streams
from app.web.rendering.pages import Entry, Pages
from app.web.routes import PageRoute, PagesDep

router = APIRouter(route_class=PageRoute)
ENTRY = Entry("line", "Line", frozenset({Scope.INSPECT, Scope.REGISTER}))

LOOK_EVERY_S = 1.0
LONGEST_S = 300.0
"""A stream ends then and the browser opens the next one, which keeps its session alive and checks it."""

MOST_PRODUCTS = 200
RETRY_MS = 2000
"""After how long a browser opens the next stream."""


class LineQuery(BaseModel):
    """Whose line it is (ids, separated by commas or each by itself; none: all that one may see), and when the shift
    begins: on a clock that is `zone` minutes east of UTC."""

    products: list[str] = []
    shift: time = time(0)
    zone: int = Field(default=0, ge=-1440, le=1440)

    def chosen(self, session: Session) -> frozenset[str] | None:
        """None: all. Forbidden, where the visitor's key is not for one of them."""
        named = frozenset(name for each in self.products for name in each.split(",") if name)
        for name in named:
            require_product(session, name)
        return named or session.caller.products

    def began(self) -> datetime:
        return began(self.shift, self.zone, datetime.now(UTC))


LineQueryDep = Annotated[LineQuery, Query()]


@router.get("/line", dependencies=[LOOK])
async def line_page(
    request: Request, query: LineQueryDep, session: VisitorDep, pages: PagesDep, service: ServiceDep, lanes: LanesDep
) -> Response:
    """The last verdict, very large."""
    chosen = query.chosen(session)
    views = await lanes.admin.call(service.products.page, None, MOST_PRODUCTS, session.caller.products)
    return pages.page(
        request,
        "line/line.html",
        line=await lanes.admin.call(LineWatch(service, chosen).look, query.began()),
        listed=[each.product for each in views],
        named=chosen or (),
        shift=query.shift,
        query=request.url.query,
    )


@router.get("/line/events", dependencies=[LOOK])
async def line_events(
    request: Request,
    query: LineQueryDep,
    session: VisitorDep,
    pages: PagesDep,
    service: ServiceDep,
    lanes: LanesDep,
    settings: SettingsDep,
) -> Response:
    """Server-sent events: `seen` with what the screen shows now, whenever that changes; `beat` otherwise, and
    `trouble` where it cannot be told."""
    streams: Streams = request.app.state.line_streams
    sessions: Sessions = request.app.state.sessions
    streams.require_room()
    chosen, cookie = query.chosen(session), request.cookies.get(COOKIE)
    watch = LineWatch(service, chosen)
    ends = clock.monotonic() + min(LONGEST_S, 30 * settings.ui_idle_minutes)

    async def events() -> AsyncIterator[str]:
        shown: LineState | None = None
        with streams.one():
            yield f"retry: {RETRY_MS}\n" + _event("assets", pages.assets_tag)
            while clock.monotonic() < ends and sessions.known(cookie) and service.readiness().ready:
                try:
                    now = await lanes.admin.call(watch.look, query.began())
                    yield _event("beat", "1") if now is shown else _event("seen", _seen(request, pages, now))
                    shown = now
                except InspectorError as error:
                    shown = None
                    yield _event("trouble", error.message)
                await asyncio.sleep(LOOK_EVERY_S)

    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)


def _seen(request: Request, pages: Pages, now: LineState) -> str:
    return bytes(pages.page(request, "line/now.html", line=now).body).decode()


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"event: {name}\n{lines}\n"
