"""The body of every answer that is an error."""

from typing import Any

from pydantic import BaseModel, Field

from app.api.problems import PROBLEM_MEDIA_TYPE, status_of
from app.errors import InspectorError, InvalidRequest

CONTENT = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


class WrongField(BaseModel):
    """One wrong field: `pointer` (JSON pointer into the body) or `parameter` (of the query, path or form)."""

    pointer: str | None = None
    parameter: str | None = None
    detail: str


class Problem(BaseModel):
    """RFC 9457. `code` names the kind of problem and never changes; `detail` says what to do next."""

    type: str = Field(examples=["about:blank"])
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[WrongField] | None = None
    limit: int | None = None
    retry_after_s: int | None = None


def problems(*errors: type[InspectorError]) -> dict[int | str, dict[str, Any]]:
    """What a route's documentation says of its errors; every route may also answer invalid-request.

    `default` stands for what any route may answer, such as internal-error. What a wrong key gets is added elsewhere.
    """
    return responses(InvalidRequest, *errors) | {"default": {"description": "Any other problem", "content": CONTENT}}


def responses(*errors: type[InspectorError]) -> dict[int | str, dict[str, Any]]:
    """The answers that tell these errors, by status."""
    codes: dict[int, list[str]] = {}
    for error in errors:
        codes.setdefault(int(status_of(error)), []).append(error.code)
    return {status: {"description": ", ".join(names), "content": CONTENT} for status, names in codes.items()}
