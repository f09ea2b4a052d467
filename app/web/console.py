"""The console below /ui, served by the same process."""

from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Request, Response

from app.errors import NotFound
from app.keys.key_ring import KeyRing
from app.web.access.sessions import Sessions
from app.web.access.visitor import VisitorDep
from app.web.pages.banks import page as banks
from app.web.pages.calibration import page as calibration
from app.web.pages.changes import page as changes
from app.web.pages.help import page as help_page
from app.web.pages.history import page as history
from app.web.pages.improvements import page as improvements
from app.web.pages.inspect import page as inspect
from app.web.pages.inspect.recent import RecentInspections
from app.web.pages.jobs import page as jobs
from app.web.pages.line import page as line
from app.web.pages.line.streams import Streams
from app.web.pages.login import page as login
from app.web.pages.part import page as part
from app.web.pages.product import page as product
from app.web.pages.products import page as products
from app.web.pages.settings import page as settings
from app.web.pages.system import page as system
from app.web.rendering.assets import assets
from app.web.rendering.pages import UI, Pages
from app.web.routes import PageRoute, PagesDep, to_page

ENTRIES = (
    line.ENTRY, products.ENTRY, inspect.ENTRY, history.ENTRY, jobs.ENTRY, changes.ENTRY, system.ENTRY, help_page.ENTRY,
)  # fmt: skip
"""In the order of the navigation."""

PAGES = (
    login, line, products, product, calibration, banks, settings, improvements, inspect, history, part, jobs, changes,
    system, help_page,
)  # fmt: skip

router = APIRouter(route_class=PageRoute)
FOREVER = "public, max-age=31536000, immutable"


@router.get("")
async def start(session: VisitorDep, pages: PagesDep) -> Response:
    """The products, or what the visitor may see instead."""
    first = products.ENTRY if session.caller.has_one_of(products.ENTRY.scopes) else history.ENTRY
    return to_page(pages, first.name)


@router.get("/assets/{name:path}")
async def asset(
    name: str, request: Request, pages: PagesDep, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """A style, a module or a drawing. Pages name it with a tag, so it may be kept for good."""
    found = request.app.state.assets.get(name.removeprefix(f"{pages.assets_tag}/"))
    if found is None:
        raise NotFound(f"The console has no file {name[:100]!r}. Load the page again.")
    headers = {"ETag": f'"{found.tag}"', "Cache-Control": FOREVER}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


def add_console(app: FastAPI, keys: KeyRing, root_path: str, idle_s: float) -> None:
    """Adds all pages. `root_path`: of a proxy before the service; `idle_s`: when a session ends that nobody uses."""
    app.state.keys, app.state.sessions = keys, Sessions(keys, idle_s)
    app.state.assets = assets()
    app.state.pages = Pages(root_path, ENTRIES, app.state.assets)
    app.state.recent_inspections = RecentInspections()
    app.state.line_streams = Streams()
    console = APIRouter(include_in_schema=False)
    console.include_router(router, prefix=UI)
    for page in PAGES:
        console.include_router(page.router, prefix=UI)
    app.include_router(console)
