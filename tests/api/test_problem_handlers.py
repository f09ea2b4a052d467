"""Whatever goes wrong, the answer is a problem with the request's id."""

import errno
import logging
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.api.middleware.request_log import RequestLog
from app.api.problem_handlers import add_problem_handlers
from app.errors import BlobDamaged

SECRET = "password of the database"


def failing_app() -> FastAPI:
    app = FastAPI()
    app.add_middleware(RequestLog)
    add_problem_handlers(app)

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError(SECRET)

    @app.get("/full")
    async def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    @app.get("/broken")
    async def broken() -> None:
        raise OSError(errno.EIO, SECRET)

    @app.get("/damaged")
    async def damaged() -> None:
        raise BlobDamaged("The segment is damaged. Rebuild the bank.")

    return app


@pytest.fixture
def failing() -> Iterator[TestClient]:
    with TestClient(failing_app()) as client:
        yield client


@pytest.mark.parametrize("path", ["/bug", "/broken"])
def test_an_unexpected_failure_tells_nothing_but_the_request_id(
    failing: TestClient, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = failing.get(path, headers={"X-Request-ID": "r-1"})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["request_id"]) == (500, "internal-error", "r-1")
    assert (answer.headers["Content-Type"], answer.headers["X-Request-ID"]) == ("application/problem+json", "r-1")
    assert SECRET not in answer.text
    assert "r-1" in caplog.text
    assert SECRET in caplog.text


def test_a_full_disk_is_told(failing: TestClient) -> None:
    answer = failing.get("/full")
    assert (answer.status_code, answer.json()["code"]) == (507, "storage-full")
    assert "Retry-After" in answer.headers


def test_damage_is_told_and_logged(failing: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = failing.get("/damaged", headers={"X-Request-ID": "r-2"})
    assert (answer.status_code, answer.json()["code"]) == (500, "blob-damaged")
    assert [record.levelno for record in caplog.records if "r-2" in record.message] == [logging.WARNING]


def test_an_unknown_path_is_a_problem(client: TestClient) -> None:
    for path in ("/nosuch", "/products/", "/products/a/nosuch", "/static-offline-docs/nosuch.js", "/v1"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/products", "GET, HEAD, POST"),
        ("POST", "/products/a", "DELETE, GET, HEAD, PATCH, PUT"),
        ("GET", "/products/a/inspect", "POST"),
        ("PUT", "/v1/products/a/masking", "GET, HEAD, POST"),
        ("POST", "/health/live", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(client: TestClient, method: str, path: str, allowed: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {"Content-Type": "application/json"}, 400, "invalid-request"),
        (b"\xff", {"Content-Type": "application/json"}, 400, "invalid-request"),
        (b"[]", {"Content-Type": "application/json"}, 400, "invalid-request"),
        (b"", {"Content-Type": "application/json"}, 400, "invalid-request"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported-body-type"),
        (b"{}", {}, 415, "unsupported-body-type"),
        (b'{"metadata": {"a": NaN}}', {"Content-Type": "application/json"}, 400, "invalid-request"),
        (b"[" * 100_000, {"Content-Type": "application/json"}, 400, "invalid-request"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    client: TestClient, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.put("/products/flange", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
