"""Refuses query parameters that a route does not have: mistyped ones would be passed over in silence."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from app.api.validation import UNKNOWN


def only_known_parameters(request: Request) -> None:
    """RequestValidationError where the query holds a name that nothing of the route asks for."""
    if not request.query_params:
        return
    known = set(_parameters(request.scope["route"].dependant))
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError([{"type": UNKNOWN, "loc": ("query", name)} for name in unknown])


def _parameters(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from kind.model_fields
        else:
            yield parameter.alias
    for dependency in dependant.dependencies:
        yield from _parameters(dependency)
