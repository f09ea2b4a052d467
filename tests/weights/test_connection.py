"""Without a network, a fetch gives up soon and says what to do; with a proxy, it goes through the proxy."""

import dataclasses
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from app.engine.backbone.spec import BackboneSpec
from app.errors import ConfigurationError, WeightsUnavailable
from app.weights.fetch import fetch
from tests.weights.file_server import FileServer

BOUND_S = 0.5
SLACK_S = 1.5


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where connections are taken by the system but nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def blackhole_port() -> Iterator[int]:
    """A port whose queue is full: further connection attempts get no answer at all."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            client = stack.enter_context(closing(socket.socket()))
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(listener.getsockname())
        yield listener.getsockname()[1]


def refusal(spec: BackboneSpec, weights_dir: Path, base_address: str) -> str:
    """The message of a fetch that must fail within the bound."""
    start_s = time.monotonic()
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(spec, weights_dir, base_address=base_address, connect_timeout_s=BOUND_S)
    assert time.monotonic() - start_s < BOUND_S + SLACK_S
    assert list(weights_dir.iterdir()) == []
    return caught.value.message


def test_offline_the_message_says_what_to_place_where_and_what_works_meanwhile(
    spec: BackboneSpec, weights_dir: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    message = refusal(spec, weights_dir, f"http://127.0.0.1:{port}")
    assert f"http://127.0.0.1:{port}/{spec.file} cannot be reached" in message
    assert f"place it as {spec.file} in {weights_dir}" in message
    assert "INSPECTOR_BACKBONE=embedded" in message


def test_a_host_that_does_not_answer_is_given_up(spec: BackboneSpec, weights_dir: Path, blackhole_port: int) -> None:
    assert "cannot be reached" in refusal(spec, weights_dir, f"http://127.0.0.1:{blackhole_port}")


def test_a_host_that_hangs_in_the_tls_handshake_is_given_up(
    spec: BackboneSpec, weights_dir: Path, silent_port: int
) -> None:
    assert "cannot be reached" in refusal(spec, weights_dir, f"https://127.0.0.1:{silent_port}")


def test_a_proxy_that_hangs_is_given_up(
    spec: BackboneSpec, weights_dir: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent_port}")
    message = refusal(spec, weights_dir, "https://weights.invalid")
    assert f"no connection within {BOUND_S} seconds" in message


def test_a_redirect_that_leads_into_a_hanging_connection_is_given_up(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent_port}")
    server.redirect_to = "https://weights.invalid/"
    assert f"no connection within {BOUND_S} seconds" in refusal(spec, weights_dir, server.address)


def test_a_name_that_nobody_knows_is_told(spec: BackboneSpec, weights_dir: Path) -> None:
    assert "https://weights.invalid/" in refusal(spec, weights_dir, "https://weights.invalid")


def test_a_slow_answer_after_the_connection_is_waited_for(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, content: bytes
) -> None:
    server.answer_after_s = 2 * BOUND_S
    path = fetch(spec, weights_dir, base_address=server.address, connect_timeout_s=BOUND_S)
    assert path.read_bytes() == content


def test_the_proxy_of_the_environment_is_used(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.address)
    address = f"http://weights.invalid/dinov2/{spec.file}"
    fetch(dataclasses.replace(spec, address=address), weights_dir)
    assert server.requests == [(address, None)]


def test_a_host_exempted_from_the_proxy_is_asked_directly(
    spec: BackboneSpec, weights_dir: Path, server: FileServer, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{silent_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    fetch(spec, weights_dir, base_address=server.address)
    assert server.requests == [(f"/{spec.file}", None)]


@pytest.mark.parametrize(
    ("variable", "value"), [("HTTP_PROXY", "gopher://127.0.0.1"), ("SSL_CERT_FILE", "/nowhere/certificates.pem")]
)
def test_a_wrong_network_variable_is_a_wrong_setting(
    spec: BackboneSpec, weights_dir: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match="proxy and certificate variables of the environment"):
        fetch(spec, weights_dir, base_address="http://127.0.0.1:9")
