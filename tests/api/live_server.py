"""A real server round any ASGI application, in a thread of the test process, on a free port."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from app.server import AnswersHalfClosed

STARTED_WITHIN_S = 30


@contextmanager
def live_server(app: ASGIApp) -> Iterator[tuple[str, int]]:
    """Host and port of a server that runs until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=AnswersHalfClosed, log_config=None, access_log=False, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        deadline = time.monotonic() + STARTED_WITHIN_S
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join()
