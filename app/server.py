"""uvicorn, told to stop in good order, and to answer clients that have closed their sending side."""

import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

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


class AnswersHalfClosed(H11Protocol):
    """A client that closes its sending side behind a whole request (`nc -N`, some PLCs) gets its answer, and then the
    connection is closed. Behind half a request it is closed at once. Not with TLS, which has no such half; nor where
    the request said `Connection: keep-alive`: who meant to go on and closes has left."""

    _half_closed = False

    def eof_received(self) -> bool | None:  # type: ignore[override]
        is_answering = self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body
        self._half_closed = is_answering and self.scheme == "http" and not self._meant_to_go_on
        # True keeps the transport open for the answer.
        return self._half_closed or None

    @property
    def _meant_to_go_on(self) -> bool:
        return any(name == b"connection" and value.lower() == b"keep-alive" for name, value in self.headers)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # It may have begun to answer the next request, which came before the end.
        if self._half_closed and (self.cycle.response_complete or self.cycle.more_body):
            self.transport.close()


def _later(after_s: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(after_s, call)
    timer.daemon = True
    timer.start()
