"""/ui/help: what verdicts and flags mean, and what to do."""

from fastapi import APIRouter, Request, Response

from app.keys.api_key import Scope
from app.web.access.visitor import READ_RECORDS
from app.web.rendering.pages import Entry
from app.web.routes import PageRoute, PagesDep

router = APIRouter(route_class=PageRoute)
ENTRY = Entry("help", "Help", frozenset({Scope.INSPECT, Scope.REGISTER, Scope.FEEDBACK}))


@router.get("/help", dependencies=[READ_RECORDS])
async def help_page(request: Request, pages: PagesDep) -> Response:
    """The three verdicts, the states of a calibration, every flag."""
    return pages.page(request, "help/help.html")
