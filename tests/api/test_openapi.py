"""The document, as /docs makes a page of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.settings import load_settings


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("store")
    document = create_app(load_settings(data_dir=folder)).openapi()
    return [operation for path in document["paths"].values() for operation in path.values()]


def form_fields(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {"schema": {}})
    yield from form["schema"].get("properties", {}).values()


def test_no_header_is_a_parameter_that_the_page_would_not_send(operations: list[dict[str, Any]]) -> None:
    headers = {each["name"].lower() for operation in operations for each in operation.get("parameters", [])}
    assert headers & {"accept", "content-type", "authorization"} == set()


def test_what_comes_as_picture_or_json_offers_both(operations: list[dict[str, Any]]) -> None:
    offers = [set(operation["responses"].get("200", {}).get("content", {})) for operation in operations]
    assert sum({"application/json", "image/png"} <= offer for offer in offers) >= 3


def test_the_page_fills_no_text_into_a_form(operations: list[dict[str, Any]]) -> None:
    fields = [each for operation in operations for each in form_fields(operation)]
    assert fields
    assert all(each.get("format", each.get("items", {}).get("format")) == "binary" for each in fields)
