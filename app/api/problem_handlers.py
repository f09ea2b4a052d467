"""What becomes of an exception that leaves a route: always a problem."""

import errno
import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from app.api.middleware.root_path import route_path
from app.api.problems import problem
from app.api.validation import validation_problem
from app.errors import (
    DeadlineExceeded,
    Draining,
    InspectorError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    StorageFull,
    Unavailable,
)

error_log = logging.getLogger("inspector.error")

NOT_FOUND, NOT_ALLOWED, CLIENT_LEFT, SERVER_FAULT = 404, 405, 499, 500
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
OF_A_BUSY_DAY = (Overloaded, DeadlineExceeded, Draining)
"""Not logged: there are many of them at once, and the access log counts them."""


def add_problem_handlers(app: FastAPI) -> None:
    """Registers the handlers below."""
    app.add_exception_handler(InspectorError, _inspector_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(OSError, _os_error)
    app.add_exception_handler(ClientDisconnect, _client_left)


async def _inspector_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, InspectorError)
    answer = problem(request.scope, error)
    if answer.status_code >= SERVER_FAULT and not isinstance(error, OF_A_BUSY_DAY):
        request_id = request.scope.get("state", {}).get("request_id")
        told = {"request_id": request_id, "code": error.code, "detail": error.message}
        # What passes by itself is one line: an outage would fill the log with the same trace.
        cause = None if isinstance(error, Unavailable) else error.__cause__
        error_log.warning("request_id=%s code=%s detail=%s", *told.values(), exc_info=cause, extra={"fields": told})
    return answer


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return validation_problem(request.scope, error.errors())


async def _framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, InspectorError):
        return problem(request.scope, error.__cause__)
    if isinstance(error.__cause__, ClientDisconnect):
        return await _client_left(request, error.__cause__)
    if error.status_code == NOT_FOUND:
        return problem(
            request.scope, NotFound(f"Nothing is at {route_path(request.scope)}. See /docs for what there is.")
        )
    if error.status_code == NOT_ALLOWED:
        return _method_not_allowed(request)
    return problem(request.scope, InvalidRequest(f"{error.detail}. Check the request and send it again."))


def _method_not_allowed(request: Request) -> Response:
    path = route_path(request.scope)
    methods = {
        method
        for route in iter_route_contexts(request.app.routes)
        if route.methods and route.path_regex.match(path)
        for method in route.methods
    }
    if "GET" in methods:
        methods.add("HEAD")
    allowed = ", ".join(sorted(methods))
    error = MethodNotAllowed(f"{request.method} cannot be used on {path}. Use {allowed}.")
    return problem(request.scope, error, headers={"Allow": allowed})


async def _os_error(request: Request, error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return problem(request.scope, StorageFull("The disk is full. Free some space, then send the request again."))
    raise error


async def _client_left(request: Request, error: Exception) -> Response:
    """Nobody reads this answer; its status is for the access log."""
    del request, error
    return Response(status_code=CLIENT_LEFT)
