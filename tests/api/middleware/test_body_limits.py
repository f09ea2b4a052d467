"""Limits on bodies, over real sockets."""

import json
import socket
import time
from collections.abc import Iterator

import httpx2
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel

from app.api.middleware.body_limits import MAX_OTHER_BODY_BYTES, BodyLimits
from app.api.problem_handlers import add_problem_handlers
from tests.api.live_server import live_server

LIMIT = 2 * 2**20
TIMEOUT_S = 0.5

Address = tuple[str, int]


class Note(BaseModel):
    text: str


def counting_app() -> FastAPI:
    app = FastAPI()
    app.add_middleware(BodyLimits, max_body_bytes=LIMIT, receive_timeout_s=TIMEOUT_S)
    add_problem_handlers(app)

    @app.post("/inspect")
    async def count(request: Request) -> int:
        return len(await request.body())

    @app.post("/notes")
    async def note(note: Note) -> int:
        return len(note.text)

    return app


@pytest.fixture(scope="module")
def server() -> Iterator[Address]:
    with live_server(counting_app()) as address:
        yield address


@pytest.fixture
def client(server: Address) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"http://{server[0]}:{server[1]}", timeout=20) as calling:
        yield calling


def chunks(total: int, size: int = 64 * 1024) -> Iterator[bytes]:
    for _ in range(total // size):
        yield bytes(size)


def send_for(connection: socket.socket, seconds: float) -> None:
    """Chunks without end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        connection.sendall(b"10000\r\n" + bytes(0x10000) + b"\r\n")


def answer_to(connection: socket.socket) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and JSON of the answer, read until the server closes."""
    raw = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(status.split()[1]), headers, json.loads(body)


def test_a_body_of_just_the_limit_passes(client: httpx2.Client) -> None:
    assert client.post("/inspect", content=bytes(LIMIT)).json() == LIMIT
    assert client.post("/inspect", content=chunks(LIMIT)).json() == LIMIT


@pytest.mark.parametrize("chunked", [False, True])
def test_a_larger_body_is_refused_with_the_limit(client: httpx2.Client, chunked: bool) -> None:
    answer = client.post("/inspect", content=chunks(2 * LIMIT) if chunked else bytes(LIMIT + 1))
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "body-too-large", LIMIT)
    assert answer.headers["Connection"] == "close"


def test_a_large_body_is_refused_before_it_is_sent(server: Address) -> None:
    with socket.create_connection(server, timeout=10) as connection:
        connection.sendall(b"POST /inspect HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        status, headers, problem = answer_to(connection)
    assert (status, problem["code"], headers["connection"]) == (413, "body-too-large", "close")


def test_a_client_that_goes_on_sending_is_cut_off(server: Address) -> None:
    with socket.create_connection(server, timeout=10) as connection:
        connection.sendall(b"POST /inspect HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        started = time.monotonic()
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            send_for(connection, 10)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("chunked", [False, True])
def test_what_holds_no_image_may_be_smaller_only(client: httpx2.Client, chunked: bool) -> None:
    body = json.dumps({"text": "x" * MAX_OTHER_BODY_BYTES}).encode()
    pieces = (body[start : start + 65536] for start in range(0, len(body), 65536))
    answer = client.post("/notes", content=pieces if chunked else body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["limit"]) == (413, MAX_OTHER_BODY_BYTES)


@pytest.mark.parametrize("path", ["/inspect", "/notes"])
def test_a_body_that_stops_is_a_timeout(server: Address, path: str) -> None:
    with socket.create_connection(server, timeout=10) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b"half")
        started = time.monotonic()
        status, headers, problem = answer_to(connection)
    assert (status, problem["code"], headers["connection"]) == (408, "request-timeout", "close")
    assert time.monotonic() - started > TIMEOUT_S


def test_a_body_that_trickles_is_a_timeout(server: Address) -> None:
    with socket.create_connection(server, timeout=10) as connection:
        connection.sendall(b"POST /inspect HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(12):
            connection.sendall(b"x")
            time.sleep(TIMEOUT_S / 8)
        status, _, problem = answer_to(connection)
    assert (status, problem["code"]) == (408, "request-timeout")


def test_a_slow_but_steady_body_passes(client: httpx2.Client) -> None:
    def steady() -> Iterator[bytes]:
        for _ in range(8):
            time.sleep(TIMEOUT_S / 4)
            yield bytes(64 * 1024)

    assert client.post("/inspect", content=steady()).json() == 8 * 64 * 1024


def test_a_client_that_leaves_is_no_error(
    server: Address, client: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(server, timeout=10) as connection:
        connection.sendall(b"POST /inspect HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome")
    assert client.post("/inspect", content=b"after").json() == 5
    assert "Exception" not in caplog.text
