"""Pages of other origins: which of them a browser lets call the service."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
SHOWN_HEADERS = (
    "Anomaly-Flags", "Anomaly-Score", "Anomaly-Threshold", "Anomaly-Verdict", "Bank-Version", "Commissioning-Confirm",
    "ETag", "Inspection-Id", "Location", "Retry-After", "X-Request-ID",
)  # fmt: skip


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Lets pages of these origins call, `*`: of all. No cookies: a page shows its key as every caller does."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=METHODS,
        # Whatever the page asks for: no header of a request opens anything here but a key.
        allow_headers=["*"],
        expose_headers=SHOWN_HEADERS,
    )
