"""Every error as `application/problem+json` (RFC 9457): the one table from errors to HTTP statuses.

`type` is `about:blank`, so `title` is the phrase of the status; what kind of problem it is stands in `code`.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Scope

from app import errors
from app.errors import InspectorError, Unavailable

PROBLEM_TYPE = "about:blank"
PROBLEM_MEDIA_TYPE = "application/problem+json"

STATUSES: dict[type[InspectorError], HTTPStatus] = {
    errors.InspectorError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.InvalidRequest: HTTPStatus.BAD_REQUEST,
    errors.InvalidProductId: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidSettings: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnfitReference: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnsupportedImageType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UnsupportedBodyType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.ImageUndecodable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ImageTooSmall: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooManyImages: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BankTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooMuchAsked: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    errors.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.RequestTimeout: HTTPStatus.REQUEST_TIMEOUT,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
}


def status_of(error: type[InspectorError]) -> HTTPStatus:
    """The status of an error: its own, or that of its nearest ancestor in the table."""
    return next(STATUSES[kind] for kind in error.__mro__ if kind in STATUSES)


def problem(
    scope: Scope,
    error: InspectorError,
    *,
    details: Sequence[dict[str, str]] = (),
    members: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The answer that tells `error`. `details` become `errors`, one entry per wrong field; `members` are added.

    `problem` in the state of the request becomes the code, for who counts them.
    """
    scope.setdefault("state", {})["problem"] = error.code
    status = status_of(type(error))
    body: dict[str, Any] = {
        "type": PROBLEM_TYPE,
        "title": status.phrase,
        "status": int(status),
        "detail": error.message,
        "code": error.code,
        "request_id": scope.get("state", {}).get("request_id"),
    }
    if details:
        body["errors"] = list(details)
    if error.limit is not None:
        body["limit"] = error.limit
    if isinstance(error, Unavailable):
        body["retry_after_s"] = error.retry_after_s
        headers = {**(headers or {}), "Retry-After": str(error.retry_after_s)}
    return JSONResponse(body | (members or {}), int(status), headers, PROBLEM_MEDIA_TYPE)
