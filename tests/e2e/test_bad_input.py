"""What a caller can get wrong, each answered by the right problem and the service as well as before."""

import socket
from collections.abc import Iterator

import httpx2
import pytest

from tests.api.photographs import huge_png, photograph
from tests.e2e.server_process import ServerProcess

AS_PNG = {"Content-Type": "image/png"}
TWO_IMAGES = {"files": [("image", ("1.png", photograph(1))), ("image", ("2.png", photograph(2)))]}


@pytest.fixture(scope="module", autouse=True)
def products(client: httpx2.Client) -> None:
    client.post("/products/flange/references", content=photograph()).raise_for_status()
    client.put("/products/bare", json={}).raise_for_status()


@pytest.fixture(autouse=True)
def _still_healthy(client: httpx2.Client) -> Iterator[None]:
    yield
    assert client.get("/health/ready").status_code == 200
    assert client.post("/products/flange/inspect?heatmap=none", content=photograph()).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("flange/inspect", {"content": b""}, 400, "invalid-request"),
        ("flange/inspect", {"content": b"text", "headers": AS_PNG}, 415, "unsupported-image-type"),
        ("flange/inspect", {"content": photograph(suffix=".jpg")[:-200]}, 422, "image-truncated"),
        ("flange/inspect", {"content": photograph(width=8, height=8)}, 422, "image-too-small"),
        ("flange/inspect", {"content": huge_png()}, 413, "image-too-large"),
        ("flange/inspect", {"json": {"image": "base64"}}, 415, "unsupported-image-type"),
        ("flange/inspect", TWO_IMAGES, 400, "invalid-request"),
        ("flange/inspect", {"files": {"picture": photograph()}}, 400, "invalid-request"),
        ("nosuch/inspect", {"content": photograph()}, 404, "product-not-found"),
        ("bare/inspect", {"content": photograph()}, 409, "no-references"),
        ("..%2Fx/inspect", {"content": photograph()}, 422, "invalid-product-id"),
        ("x" * 300 + "/inspect", {"content": photograph()}, 422, "invalid-product-id"),
        ("a%20b/inspect", {"content": photograph()}, 422, "invalid-product-id"),
        ("flange/references", {"files": [("images", photograph(n)) for n in range(5)]}, 413, "too-many-images"),
        ("flange/references", {"content": bytes(5 * 2**20)}, 413, "body-too-large"),
        ("flange/references", {"content": (bytes(2**16) for _ in range(80))}, 413, "body-too-large"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_problem(
    client: httpx2.Client, path: str, body: dict[str, object], status: int, code: str
) -> None:
    answer = client.post(f"/products/{path}", **body)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


@pytest.mark.parametrize("path", ["/products/../x", "/products/%2e%2e/x/inspect"])
def test_a_path_sent_as_it_is_cannot_climb(server: ServerProcess, path: str) -> None:
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 422")
    assert b'"code":"invalid-product-id"' in answer


def test_a_client_that_leaves_in_the_middle_of_its_body_takes_no_place(server: ServerProcess) -> None:
    for _ in range(40):
        with socket.create_connection(server.address, timeout=20) as connection:
            connection.sendall(b"POST /products/flange/inspect HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nsome")
    assert server.has_logged("status=499", times=40)
    assert "Traceback" not in server.log.read_text()


def test_a_client_that_leaves_before_its_answer_takes_no_place(server: ServerProcess) -> None:
    image = photograph(3)
    head = f"POST /products/flange/inspect HTTP/1.1\r\nHost: x\r\nContent-Length: {len(image)}\r\n\r\n"
    for _ in range(8):
        with socket.create_connection(server.address, timeout=20) as connection:
            connection.sendall(head.encode() + image)
    assert "Traceback" not in server.log.read_text()


@pytest.mark.long
def test_a_body_that_stops_coming_is_a_timeout(server: ServerProcess) -> None:
    with socket.create_connection(server.address, timeout=60) as connection:
        connection.sendall(b"POST /products/flange/inspect HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nsome")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"request-timeout"' in answer
