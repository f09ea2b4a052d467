"""docs/api.md says what the code does: every route, every error, every parameter and field."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.api.problems import status_of
from app.api.router import VERSION_PREFIX, add_routes
from app.api.schemas.banks import BankBody
from app.api.schemas.inspections import InspectionBody, InspectQuery
from app.api.schemas.jobs import JobBody, ScoredImageBody, ZeroShotQuery
from app.api.schemas.masking import MaskingBody
from app.api.schemas.products import ProductBody, SettingsGiven
from app.api.schemas.references import ReferenceBody, RegisteredBody
from app.errors import ConfigurationError, InspectorError, InvalidDataset
from tests.api.test_problems import tree

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def operations() -> Iterator[str]:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(app)
    for route in iter_route_contexts(app.routes):
        path = (route.path or "").removeprefix(VERSION_PREFIX)
        yield from (f"{method} {path}" for method in route.methods or ())


def reachable_errors() -> list[type[InspectorError]]:
    """What stops a start or an evaluation is told on the command line only."""
    return [error for error in tree(InspectorError) if not issubclass(error, ConfigurationError | InvalidDataset)]


def error_rows() -> dict[str, int]:
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", TEXT, re.MULTILINE)
    return {code: int(status) for status, codes in rows for code in re.findall(r"`([a-z-]+)`", codes)}


def test_every_operation_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)` \|", TEXT, re.MULTILINE))
    assert documented == set(operations())


def test_every_error_that_can_be_answered_is_documented_with_its_status() -> None:
    assert error_rows() == {error.code: int(status_of(error)) for error in reachable_errors()}


@pytest.mark.parametrize(
    "model",
    [
        ProductBody, SettingsGiven, RegisteredBody, ReferenceBody, BankBody, MaskingBody, InspectQuery, InspectionBody,
        ZeroShotQuery, JobBody, ScoredImageBody,
    ],
)  # fmt: skip
def test_every_field_is_documented(model: type) -> None:
    words = set(re.findall(r"\w+", TEXT))
    assert set(model.model_fields) <= words  # type: ignore[attr-defined]
