"""`inspector health`, against servers that answer well, badly, late, or not at all."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.commands.health import LIVE, READY
from tests.api.live_server import live_server
from tests.test_cli import ROOT, inspector

STATUSES = {READY: 503, LIVE: 200}


async def live_but_not_ready(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("", STATUSES[scope["path"]])(scope, receive, send)


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_healthy_server_is_status_0_without_a_word() -> None:
    with live_server(live_but_not_ready) as (_, port):
        told = inspector("health", "--live", INSPECTOR_PORT=str(port))
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_server_that_is_not_ready_is_status_1_and_one_line(host: str) -> None:
    with live_server(live_but_not_ready) as (_, port):
        told = inspector("health", INSPECTOR_PORT=str(port), INSPECTOR_HOST=host)
    assert (told.returncode, told.stdout) == (1, "")
    asked = "localhost" if host == "localhost" else "127.0.0.1"
    assert told.stderr == f"inspector: {asked}:{port} answers 503 to /health/ready\n"


def test_where_nobody_listens_it_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    told = inspector("health", INSPECTOR_PORT=str(port))
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert f"127.0.0.1:{port} does not answer /health/ready" in told.stderr


def test_a_server_that_stays_silent_is_not_waited_for() -> None:
    with silent_server() as port:
        told = inspector("health", INSPECTOR_PORT=str(port))
    assert told.returncode == 1
    assert "not within 3 s" in told.stderr


def test_it_needs_neither_torch_nor_the_web_framework() -> None:
    listed = "import sys; sys.argv = ['inspector', 'health']; from app import cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listed], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "faiss", "cv2", "numpy", "fastapi", "uvicorn"} & set(loaded.stdout.split())
