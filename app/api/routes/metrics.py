"""/metrics: what Prometheus scrapes."""

import asyncio

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.api.authorisation import METRICS, CallerDep
from app.api.metrics.metrics import Metrics
from app.errors import Forbidden
from app.keys.caller import ANYONE
from app.keys.listening import is_loopback

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    dependencies=[METRICS],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, caller: CallerDep) -> Response:
    """Numbers for Prometheus, in its text format. While no key is asked for, for callers of this machine only."""
    if caller.products is not None:
        raise Forbidden(f"The metrics are of all products, and the key {caller.label} is for some. Use one for all.")
    if caller is ANYONE and not is_loopback(request.client.host if request.client else ""):
        raise Forbidden(
            "While no key is asked for, the metrics are for this machine only. Ask for keys, and make one to scrape "
            "with: inspector keys create prometheus --scope metrics"
        )
    kept: Metrics = request.app.state.metrics
    # On a thread that no lane owns: what fills the lanes is what it has to tell of.
    written = await asyncio.to_thread(kept.exposition)
    return Response(written, media_type=CONTENT_TYPE_PLAIN_0_0_4)
