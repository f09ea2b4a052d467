"""Clients that have sent their request and close their sending side."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request

from tests.api.live_server import live_server

BODY = b"x" * 200_000
POST = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    app = FastAPI()

    @app.post("/length")
    async def length(request: Request) -> int:
        received = len(await request.body())
        # Long enough for the end of the client's half to arrive first.
        await asyncio.sleep(0.2)
        return received

    with live_server(app) as address:
        yield address


def answered(address: tuple[str, int], sent: bytes) -> bytes:
    """All that comes back until the server closes."""
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_half_closed_client_is_answered_and_then_closed(address: tuple[str, int]) -> None:
    answer = answered(address, POST)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"200000")


def test_a_client_that_meant_to_go_on_and_closes_has_left(address: tuple[str, int]) -> None:
    small = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n%s\r\nx"
    assert answered(address, small % b"Connection: Keep-Alive\r\n") == b""
    assert answered(address, small % b"").startswith(b"HTTP/1.1 200")


def test_every_request_before_the_end_is_answered(address: tuple[str, int]) -> None:
    assert answered(address, POST * 3).count(b"HTTP/1.1 200") == 3


def test_http_1_0_is_answered_too(address: tuple[str, int]) -> None:
    assert answered(address, POST.replace(b"HTTP/1.1", b"HTTP/1.0")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("sent", [POST[:-1], POST[:60], b""])
def test_half_a_request_is_closed_without_an_answer(address: tuple[str, int], sent: bytes) -> None:
    assert answered(address, sent) == b""


def test_a_whole_request_before_half_a_one_is_answered(address: tuple[str, int]) -> None:
    assert answered(address, POST + POST[:100]).count(b"HTTP/1.1 200") == 1
