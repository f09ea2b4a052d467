"""The outermost layer of a request: its id, its line in the log, and a problem where nothing else caught an error."""

import logging
import re
import time
import uuid
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.errors import InspectorError

access_log = logging.getLogger("inspector.access")
error_log = logging.getLogger("inspector.error")

REQUEST_ID_HEADER = "X-Request-ID"
REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
MAX_LOGGED_PATH = 200


class RequestLog:
    """Takes the caller's `X-Request-ID` or makes one, echoes it, and writes one line per request: no body, no key.

    `came` in the state of the request: when its headers were there (`time.perf_counter`)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        started, status = time.perf_counter(), 0
        scope.setdefault("state", {}).update(request_id=request_id, came=started)

        async def identified(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        try:
            await self.app(scope, receive, identified)
        except Exception:
            error_log.exception("request_id=%s failed", request_id, extra={"fields": {"request_id": request_id}})
            if status:
                raise
            await problem(scope, _unexpected(request_id))(scope, receive, identified)
        finally:
            _write_line(scope, request_id, status, 1000 * (time.perf_counter() - started))


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _unexpected(request_id: str) -> InspectorError:
    return InspectorError(f"The service failed unexpectedly. Its log tells more under request_id={request_id}.")


def _write_line(scope: Scope, request_id: str, status: int, ms: float) -> None:
    path = scope.get("raw_path", b"").decode("latin-1")[:MAX_LOGGED_PATH]
    # A proxy asks each replica for its health every second, Prometheus for its numbers.
    usual = ("/health/" in path or path.endswith("/metrics")) and status < HTTPStatus.BAD_REQUEST
    fields = {
        "request_id": request_id,
        "method": scope["method"],
        "path": path,
        "status": status,
        "ms": round(ms, 1),
        "key": scope["state"].get("key", "-"),
    }
    text = " ".join(f"{name}=%s" for name in fields)
    level = logging.DEBUG if usual else logging.INFO
    access_log.log(level, text, *fields.values(), extra={"fields": fields})
