"""Counts every request with its route, its status and its time, those too that no route has seen."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.metrics.metrics import Metrics


class Measured:
    """Tells the metrics of each answer, once it has been sent whole or given up."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        state = scope.setdefault("state", {})

        async def noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noticed)
        finally:
            route = getattr(scope.get("route"), "path", None)
            took_s = time.perf_counter() - started
            self._metrics.answered(scope["method"], route, status, took_s, state.get("problem"))
