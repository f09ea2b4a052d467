"""Refuses query parameters that a route does not have, that come twice (they would be passed over in silence) or that
are no UTF-8 (they would be changed in silence)."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from app.api.parsing.text import utf8_text
from app.api.validation import UNKNOWN


def only_known_parameters(request: Request) -> None:
    """RequestValidationError where the query holds a name that nothing of the route asks for, one twice, or bytes that
    are no UTF-8."""
    if not request.query_params:
        return
    known = set(_parameters(request.scope["route"].dependant))
    wrong: list[dict[str, object]] = []
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            wrong.append({"type": UNKNOWN, "loc": ("query", name)})
        elif times > 1:
            wrong.append({"type": "repeated", "loc": ("query", name), "msg": "It is given twice. Leave one out."})
    wrong += _no_text(request.scope["query_string"])
    if wrong:
        raise RequestValidationError(wrong)


def _no_text(query: bytes) -> Iterator[dict[str, object]]:
    # As Latin-1 each byte is a character, so that none is lost before it is looked at.
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1"):
        try:
            utf8_text(name.encode("latin-1"))
            utf8_text(value.encode("latin-1"))
        except ValueError as error:
            yield {"type": "no_utf8", "loc": ("query", name), "msg": str(error)}


def _parameters(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (field.alias or name for name, field in kind.model_fields.items())
        else:
            yield parameter.alias
    for dependency in dependant.dependencies:
        yield from _parameters(dependency)
