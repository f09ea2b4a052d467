"""Refuses query parameters that a route does not have or that come twice: they would be passed over in silence."""

from collections import Counter
from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from app.api.validation import UNKNOWN


def only_known_parameters(request: Request) -> None:
    """RequestValidationError where the query holds a name that nothing of the route asks for, or one twice."""
    if not request.query_params:
        return
    known = set(_parameters(request.scope["route"].dependant))
    wrong: list[dict[str, object]] = []
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            wrong.append({"type": UNKNOWN, "loc": ("query", name)})
        elif times > 1:
            wrong.append({"type": "repeated", "loc": ("query", name), "msg": "It is given twice. Leave one out."})
    if wrong:
        raise RequestValidationError(wrong)


def _parameters(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from kind.model_fields
        else:
            yield parameter.alias
    for dependency in dependant.dependencies:
        yield from _parameters(dependency)
