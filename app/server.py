"""uvicorn, told to stop in good order."""

import threading
from types import FrameType

import uvicorn

from app.service.service import Service

GRACE_S = 30
REGISTRATION_GRACE_S = 10.0


class DrainingServer(uvicorn.Server):
    """At the first signal the service says not ready. Inspections under way are answered; registrations have
    `REGISTRATION_GRACE_S` to end, and what is unpublished then is refused, to be sent again."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.drain()
        abort = threading.Timer(REGISTRATION_GRACE_S, self._service.abort_registrations)
        abort.daemon = True
        abort.start()
        super().handle_exit(sig, frame)
