"""docs/api.md says what the code does: every route, error, parameter, field, flag and finding."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import get_args

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from app.api import schemas
from app.api.problems import status_of
from app.api.router import VERSION_PREFIX, add_routes
from app.engine.hygiene import FindingKind
from app.errors import ConfigurationError, InspectorError, InvalidDataset
from app.service.jobs.zero_shot_run import DuplicateFlag
from app.service.verdicts.verdict import UNDECIDABLE, Flag
from tests.api.test_problems import tree

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def models() -> list[type[BaseModel]]:
    """Every body and every set of parameters."""
    modules = [import_module(f"{schemas.__name__}.{each.name}") for each in iter_modules(schemas.__path__)]
    kinds = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    return sorted((kind for kind in kinds if issubclass(kind, BaseModel)), key=lambda kind: kind.__name__)


def table(heading: str) -> dict[str, list[str]]:
    """The rows below a heading that begin with a name: what their further cells say."""
    [section] = re.findall(rf"^### {heading}\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", section, re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in rows}


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
    assert documented == {each.replace(":path}", "}") for each in operations()}


def test_every_error_that_can_be_answered_is_documented_with_its_status() -> None:
    assert error_rows() == {error.code: int(status_of(error)) for error in reachable_errors()}


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_field_is_documented(model: type[BaseModel]) -> None:
    shown = {field.alias or name for name, field in model.model_fields.items()}
    assert shown <= set(re.findall(r"\w+", TEXT))


def test_every_flag_is_documented_and_no_other() -> None:
    assert {*table("Flags"), *table("Flags of a batch")} == {*get_args(Flag), *get_args(DuplicateFlag)}


def test_the_flags_that_leave_a_verdict_open_are_told() -> None:
    told = {flag for flag, (_, is_open, _) in table("Flags").items() if is_open == "yes"}
    assert told == UNDECIDABLE


def test_every_finding_is_documented_and_no_other() -> None:
    assert set(table("Findings")) == set(get_args(FindingKind))
