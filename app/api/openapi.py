"""The OpenAPI document: what the framework makes of the routes, and the schema of problems that they refer to."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from app.api.schemas.problem import Problem

REFERENCE = "#/components/schemas/{model}"


def add_openapi(app: FastAPI) -> None:
    """Lets the application serve the completed document."""
    generated = app.openapi

    def completed() -> dict[str, Any]:
        document = generated()
        _, problem = models_json_schema([(Problem, "serialization")], ref_template=REFERENCE)
        document["components"]["schemas"] |= problem["$defs"]
        return document

    app.openapi = completed  # type: ignore[method-assign]
