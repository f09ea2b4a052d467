"""The OpenAPI document: what the framework makes of the routes, the schema of problems, and what a wrong key gets."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from app.api.schemas.problem import Problem, responses
from app.errors import Forbidden, Unauthenticated

REFERENCE = "#/components/schemas/{model}"


def add_openapi(app: FastAPI) -> None:
    """Lets the application serve the completed document."""
    generated = app.openapi

    def completed() -> dict[str, Any]:
        document = generated()
        _, problem = models_json_schema([(Problem, "serialization")], ref_template=REFERENCE)
        document["components"]["schemas"] |= problem["$defs"]
        for operation in _operations(document):
            if "security" in operation:
                refusals = responses(Unauthenticated, Forbidden)
                operation["responses"] |= {str(status): told for status, told in refusals.items()}
        return document

    app.openapi = completed  # type: ignore[method-assign]


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]
