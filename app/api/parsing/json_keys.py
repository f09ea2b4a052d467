"""JSON bodies that give a key twice: Python's parser takes the last one in silence."""

import json
from typing import Any

from fastapi import Request

from app.errors import InvalidRequest


async def each_key_once(request: Request) -> None:
    """InvalidRequest where an object in the JSON body of the request has a key twice."""
    if request.scope["route"].body_field is None:
        return
    try:
        # In memory by now: the framework has read it before it asks the dependencies.
        json.loads(await request.body(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        # The framework has told, or tells, what is wrong with it.
        return


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise InvalidRequest(f"The JSON body gives the key {key[:100]!r} twice in one object. Leave one out.")
        seen[key] = value
    return seen
