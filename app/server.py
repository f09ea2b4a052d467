"""uvicorn, told to stop in good order."""

import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn

from app.service.service import Service

GRACE_S = 30
REGISTRATION_GRACE_S = 10.0


class DrainingServer(uvicorn.Server):
    """At the first signal the service says not ready and ends its jobs. Inspections under way are answered;
    registrations have `REGISTRATION_GRACE_S` to end, and what is unpublished then is refused, to be sent again.

    After SIGTERM it still lets requests in for `drain_s`: a proxy in front needs that time to see that it is not ready.
    A second signal ends that.
    """

    def __init__(self, config: uvicorn.Config, service: Service, drain_s: float = 0.0) -> None:
        super().__init__(config)
        self._service = service
        self._drain_s = drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.drain()
        # Not here and now: a signal interrupts whatever runs, and that may hold the locks which this needs.
        _later(0, self._service.abort_jobs)
        _later(REGISTRATION_GRACE_S, self._service.abort_registrations)
        if sig == signal.SIGTERM and self._drain_s:
            _later(self._drain_s, partial(super().handle_exit, sig, frame))
            self._drain_s = 0
        else:
            super().handle_exit(sig, frame)


def _later(after_s: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(after_s, call)
    timer.daemon = True
    timer.start()
