"""What the framework found wrong with parameters and JSON bodies, as one problem."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Scope

from app.api.problems import problem
from app.api.schemas.settings import SettingsGiven
from app.errors import InspectorError, InvalidProductId, InvalidRequest, InvalidSettings, UnsupportedBodyType

MAX_DETAILS, MAX_STEPS = 20, 10
UNKNOWN = "extra_forbidden"
"""What pydantic calls a name that it was not told of."""


def validation_problem(scope: Scope, items: Sequence[dict[str, Any]]) -> JSONResponse:
    """The problem for `items`, pydantic's errors; each wrong field becomes an entry of `errors`."""
    first = items[0]
    if _is_untyped_body(first):
        return problem(
            scope, UnsupportedBodyType("The body must be JSON. Send it with Content-Type: application/json.")
        )
    if first["type"] == "json_invalid":
        reason, position = first["ctx"]["error"], first["loc"][-1]
        return problem(scope, InvalidRequest(f"The body is no valid JSON: {reason} at character {position}."))
    return problem(scope, _error(first), details=[_detail(item) for item in items[:MAX_DETAILS]])


def _is_untyped_body(item: dict[str, Any]) -> bool:
    """The framework leaves a body as bytes unless its Content-Type says JSON."""
    return item["loc"] == ("body",) and isinstance(item.get("input"), bytes)


def _error(item: dict[str, Any]) -> InspectorError:
    place, *path = map(str, item["loc"][:MAX_STEPS])
    message = f"{'.'.join(path) or place}: {_message(item)}"
    if "product_id" in path and item["type"] not in ("missing", UNKNOWN):
        return InvalidProductId(
            "A product id has 1 to 64 letters, digits, dots, underscores or hyphens, and starts with a letter or digit."
        )
    if place == "body" and ("settings" in path or _is_stray_setting(item)):
        return InvalidSettings(message)
    return InvalidRequest(message)


def _detail(item: dict[str, Any]) -> dict[str, str]:
    place, *path = map(str, item["loc"][:MAX_STEPS])
    if place == "body":
        return {"pointer": "#" + "".join(f"/{step}" for step in path), "detail": _message(item)}
    return {"parameter": ".".join(path), "detail": _message(item)}


def _message(item: dict[str, Any]) -> str:
    if item["type"] != UNKNOWN:
        return str(item["msg"]).removeprefix("Value error, ")
    if _is_stray_setting(item):
        return "This is a setting. Put it inside `settings`."
    if item["loc"] == ("body", "product_id"):
        return "The product is the one in the path. Leave it out of the body."
    return "There is nothing of this name. Check the spelling, or leave it out."


def _is_stray_setting(item: dict[str, Any]) -> bool:
    """A product's setting beside `settings`, not in it."""
    place, *path = item["loc"]
    return item["type"] == UNKNOWN and place == "body" and len(path) == 1 and path[0] in SettingsGiven.model_fields
