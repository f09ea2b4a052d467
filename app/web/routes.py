"""Routes of pages: whatever goes wrong is told by a page."""

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError

from app.api.problems import status_of
from app.errors import InspectorError, InvalidRequest, Unauthenticated
from app.web.access.sessions import Session
from app.web.access.visitor import COOKIE
from app.web.rendering.pages import Pages

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Of each answer. Nothing that stands in a page is run, but for modules of our own."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """Errors become pages, who has to log in is sent there, and sessions go on."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            pages = pages_of(request)
            try:
                response = await handle(request)
            except Unauthenticated:
                return _to_the_login(request, pages)
            except (RequestValidationError, ValidationError) as error:
                response = told(request, InvalidRequest("; ".join(_wrong(each) for each in error.errors())))
            except InspectorError as error:
                response = told(request, error)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            session: Session | None = getattr(request.state, "session", None)
            if session is not None:
                set_session(request, response, session)
            return response

        return handled


def pages_of(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


PagesDep = Annotated[Pages, Depends(pages_of)]


def told(request: Request, error: InspectorError) -> Response:
    """The page that tells an error. What it is called goes to whoever counts them."""
    request.scope.setdefault("state", {})["problem"] = error.code
    status = status_of(type(error))
    return pages_of(request).page(request, "error/error.html", status=status, error=error, phrase=status.phrase)


def to_page(pages: Pages, path: str) -> Response:
    """See another page (`products`), once something has been done."""
    return RedirectResponse(f"{pages.base}/{path}", HTTPStatus.SEE_OTHER)


def set_session(request: Request, response: Response, session: Session) -> None:
    response.set_cookie(
        COOKIE,
        session.cookie,
        path=pages_of(request).base,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _to_the_login(request: Request, pages: Pages) -> Response:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?next={quote(here, safe='')}" if request.method == "GET" else ""
    return to_page(pages, f"login{back}")


def _wrong(item: Mapping[str, Any]) -> str:
    return f"{item['loc'][-1] if item['loc'] else 'form'}: {item['msg']}"
