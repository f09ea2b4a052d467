"""/ui/login, /ui/logout, /ui/preferences."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from app.web.access.forms import form_of, read_form
from app.web.access.sessions import Sessions
from app.web.access.visitor import COOKIE, VisitorDep
from app.web.rendering.preferences import COOKIE as PREFERENCES
from app.web.rendering.preferences import Preferences, Theme
from app.web.routes import PageRoute, PagesDep, to_page

router = APIRouter(route_class=PageRoute)
YEAR_S = 365 * 24 * 3600


class PreferencesQuery(BaseModel):
    """What somebody has chosen, and the page to go back to."""

    language: Literal["en", "de", "ja", "zh"]
    theme: Theme
    back: str = ""


@router.get("/login")
async def login_page(request: Request, pages: PagesDep, next: str = "") -> Response:
    """Where an API key is asked for."""
    return pages.page(request, "login/login.html", next=next, wrong=False)


@router.post("/login")
async def log_in(request: Request, pages: PagesDep) -> Response:
    """Open a session with an API key."""
    form = await read_form(request)
    sessions: Sessions = request.app.state.sessions
    session = sessions.opened(form["key"])
    if session is None:
        return pages.page(request, "login/login.html", next=form.get("next") or "", wrong=True, status=401)
    request.state.session = session
    return to_page(pages, _below(pages.base, form.get("next") or ""))


@router.post("/logout")
async def log_out(request: Request, session: VisitorDep, pages: PagesDep) -> Response:
    """End a session."""
    await form_of(request, session)
    sessions: Sessions = request.app.state.sessions
    sessions.end(session)
    request.state.session = None
    answer = to_page(pages, "login")
    answer.delete_cookie(COOKIE, path=pages.base)
    return answer


@router.get("/preferences")
async def prefer(query: Annotated[PreferencesQuery, Query()], pages: PagesDep) -> Response:
    """Keep a language and a look in the browser. It changes nothing else, so that no form has to prove itself."""
    answer = to_page(pages, _below(pages.base, f"{pages.base}/{query.back}"))
    chosen = Preferences(query.language, query.theme).cookie()
    answer.set_cookie(PREFERENCES, chosen, max_age=YEAR_S, path=pages.base, samesite="strict", httponly=True)
    return answer


def _below(base: str, address: str) -> str:
    """The path below the console that an address of ours names, else its start: nobody is sent elsewhere."""
    path = address.removeprefix(f"{base}/")
    return "" if path == address or path.startswith("/") or "\\" in path else path
