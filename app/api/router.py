"""The whole API, once at the root and once more at /v1."""

from fastapi import APIRouter, Depends, FastAPI

from app.api.known_parameters import only_known_parameters
from app.api.parsing.json_keys import each_key_once
from app.api.routes import (
    banks,
    calibration,
    changes,
    feedback,
    health,
    improvements,
    inspections,
    jobs,
    masking,
    metrics,
    products,
    records,
    references,
    root,
    zero_shot,
)

VERSION_PREFIX = "/v1"
RESOURCES = (
    products, references, banks, masking, calibration, inspections, records, feedback, improvements, changes, zero_shot,
    jobs,
)  # fmt: skip


def add_routes(app: FastAPI) -> None:
    """Adds every route; the OpenAPI document shows those at the root."""
    api = APIRouter()
    for resource in RESOURCES:
        api.include_router(resource.router, dependencies=[Depends(only_known_parameters), Depends(each_key_once)])
    api.include_router(health.router)
    api.include_router(metrics.router)
    app.include_router(root.router)
    app.include_router(api)
    app.include_router(api, prefix=VERSION_PREFIX, include_in_schema=False)
