"""The web application: settings in, FastAPI out. Nothing here lives at module level."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app.api.lanes import Lanes
from app.api.metrics.metrics import Metrics
from app.api.middleware.authentication import Authentication
from app.api.middleware.body_limits import BodyLimits
from app.api.middleware.changes import Changes
from app.api.middleware.cors import allow_origins
from app.api.middleware.head import Head
from app.api.middleware.measured import Measured
from app.api.middleware.path_guard import PathGuard
from app.api.middleware.request_log import RequestLog
from app.api.middleware.root_path import RootPath
from app.api.openapi import add_openapi
from app.api.problem_handlers import add_problem_handlers
from app.api.router import add_routes
from app.assembly import build_service
from app.keys.key_ring import KeyRing
from app.service.service import Service
from app.settings import Settings
from app.version import service_version
from app.web.console import add_console

TITLE = "AnomalyDINO Inspector"
DOCS_PARAMETERS = {"validatorUrl": None, "tryItOutEnabled": True}


def create_app(settings: Settings, service: Service | None = None) -> FastAPI:
    """The application. It builds the service when it starts, unless one is given, and closes it when it stops.

    Raises:
        ConfigurationError, StorageUnavailable: as KeyRing.of.
    """

    keys, metrics = KeyRing.of(settings), Metrics(settings.metrics_products)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        serving = await asyncio.to_thread(build_service, settings) if service is None else service
        app.state.service, app.state.lanes = serving, Lanes.of(settings)
        metrics.follow(serving.readiness, app.state.lanes)
        serving.banks.warm_pinned()
        serving.calibration.follow_all()
        try:
            with keys.watching(), serving.inspection.told_to(metrics.inspected):
                yield
        finally:
            serving.drain()
            serving.abort_registrations()
            serving.abort_jobs()
            await asyncio.to_thread(app.state.lanes.close)
            await asyncio.to_thread(serving.close)

    app = FastAPIOffline(
        title=TITLE,
        version=service_version(),
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        swagger_ui_parameters=DOCS_PARAMETERS,
    )
    app.state.settings, app.state.metrics = settings, metrics
    app.add_middleware(Changes)
    app.add_middleware(BodyLimits, max_body_bytes=settings.max_body_bytes)
    app.add_middleware(PathGuard)
    app.add_middleware(Head)
    app.add_middleware(Authentication, keys=keys)
    if settings.cors_origins:
        allow_origins(app, settings.cors_origins.split())
    app.add_middleware(RequestLog)
    app.add_middleware(Measured, metrics=metrics)
    if settings.root_path:
        app.add_middleware(RootPath, root_path=settings.root_path)
    add_problem_handlers(app)
    add_routes(app)
    if settings.ui == "on":
        add_console(app, keys, settings.root_path or "", 60 * settings.ui_idle_minutes)
    add_openapi(app)
    return app
