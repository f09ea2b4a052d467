"""What a filter asks for."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel

Query = TypeVar("Query", bound=BaseModel)
MOMENTS = ("from", "to")


def asked(request: Request, query: type[Query]) -> Query:
    """A filter's fields as the API's query has them. ValidationError."""
    return query.model_validate(filled_in(request.query_params))


def filled_in(given: Mapping[str, str]) -> dict[str, str]:
    """The fields that are not empty. A time without a zone, as a browser's field gives it, is of UTC."""
    told = {name: value.strip() for name, value in given.items() if value.strip()}
    return {name: _with_zone(value) if name in MOMENTS else value for name, value in told.items()}


def _with_zone(moment: str) -> str:
    _, _, time = moment.partition("T")
    return moment if time.endswith("Z") or "+" in time or "-" in time else f"{moment}Z"


def field_value(moment: datetime | None) -> str:
    """As a browser's field for times takes it, in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") if moment else ""
