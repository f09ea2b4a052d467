"""Puts changes on record: before they are made, and how they ended."""

import asyncio
import re
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Header, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.authorisation import caller_of
from app.api.deps import LanesDep, ServiceDep
from app.api.parsing.text import utf8_text, visible_text
from app.api.schemas.products import PRODUCT_ID
from app.errors import InspectorError, InvalidRequest
from app.service.records.changes import Asked
from app.service.service import Service
from app.storage.records.changes.change import Change

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MOST_BY, MOST_REQUEST = 200, 1000
"""Characters."""

ChangedBy = Annotated[
    str | None,
    Header(max_length=MOST_BY, description="Who makes the change, for the record; no proof of it as the key is."),
]


async def _begun(request: Request, service: ServiceDep, lanes: LanesDep, changed_by: ChangedBy = None) -> None:
    """Keeps what is about to be changed. Comes after the scope that a route requires."""
    state, url = request.state, request.url
    asked = Asked(
        action=request.scope["route"].name,
        request=CONTROL.sub("?", f"{request.method} {url.path}{'?' if url.query else ''}{url.query}")[:MOST_REQUEST],
        product_id=_as_product(request.path_params.get("product_id") or await _new_product(request)),
        key_name=caller_of(request).label,
        by=None if changed_by is None else name_in(changed_by),
        request_id=state.request_id,
    )
    state.change = await lanes.admin.call(service.changes.begun, asked)


CHANGE = Depends(_begun)
"""For each route that changes something."""


class Changes:
    """Keeps how a change ended, before the answer says so."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def ended(error: str | None) -> None:
            change: Change | None = state.pop("change", None)
            if change is not None:
                service: Service = scope["app"].state.service
                await asyncio.to_thread(service.changes.ended, change, error)

        async def noticed(message: Message) -> None:
            if message["type"] == "http.response.start":
                await ended(state.get("problem"))
            await send(message)

        try:
            await self.app(scope, receive, noticed)
        except Exception:
            await ended(InspectorError.code)
            raise


async def _new_product(request: Request) -> object:
    """What is given as the id of a product that is to be created. The route looks at the body by itself."""
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type == "application/json":
        given = await request.json()
    elif media_type == "application/x-www-form-urlencoded":
        given = dict(parse_qsl((await request.body()).decode("latin-1")))
    else:
        return None
    return given.get("product_id") if isinstance(given, dict) else None


def _as_product(name: object) -> str | None:
    """The id of a product; None for what is none, and is refused: no database takes any text."""
    return name if isinstance(name, str) and re.fullmatch(PRODUCT_ID, name) else None


def name_in(header: str) -> str:
    """A name that came as UTF-8 in a header. InvalidRequest where it did not, or cannot be seen."""
    try:
        return visible_text(utf8_text(header.encode("latin-1")))
    except ValueError as error:
        raise InvalidRequest(f"Changed-By: {error}") from error
