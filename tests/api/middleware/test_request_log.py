"""Request ids and the access log."""

import json
import logging

import pytest
from fastapi.testclient import TestClient

from app.log_lines import JsonLines


def test_the_callers_request_id_comes_back(client: TestClient) -> None:
    answer = client.get("/nosuch", headers={"X-Request-ID": "line-3/4711"})
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "line-3/4711"


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", 'a"b', "a\x01b", "ä"])
def test_an_unfit_request_id_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/nosuch", headers={b"X-Request-ID": given.encode("latin-1")})
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] != given


def test_every_request_has_an_id_of_its_own(client: TestClient) -> None:
    assert len({client.get("/health/live").headers["X-Request-ID"] for _ in range(5)}) == 5


def test_a_request_writes_one_line_without_its_body(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "inspector.access")
    client.put("/products/flange", json={"display_name": "secret"}, headers={"X-Request-ID": "r-1"})
    [line] = [record.getMessage() for record in caplog.records if record.name == "inspector.access"]
    assert line.startswith("request_id=r-1 method=PUT path=/products/flange status=201 ms=")
    assert "secret" not in caplog.text


def test_a_path_cannot_forge_a_line(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "inspector.access")
    client.get("/a%0Arequest_id=forged" + "x" * 1000)
    [line] = [record.getMessage() for record in caplog.records if record.name == "inspector.access"]
    assert "\n" not in line
    assert len(line) < 400


@pytest.mark.parametrize(
    ("path", "level"),
    [("/health/live", "DEBUG"), ("/v1/health/ready", "DEBUG"), ("/health/x", "INFO"), ("/metrics", "DEBUG")],
)
def test_only_health_and_metrics_that_are_as_usual_are_left_out(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str, level: str
) -> None:
    caplog.set_level(logging.DEBUG, "inspector.access")
    client.get(path)
    assert [record.levelname for record in caplog.records if record.name == "inspector.access"] == [level]


def test_as_json_a_line_gives_what_it_says_as_fields(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "inspector.access")
    client.get("/nosuch", headers={"X-Request-ID": "r-1"})
    [line] = [JsonLines().format(record) for record in caplog.records if record.name == "inspector.access"]
    told = json.loads(line)
    assert {"request_id": "r-1", "method": "GET", "path": "/nosuch", "status": 404, "key": "-"}.items() <= told.items()
    assert told["message"].startswith("request_id=r-1 method=GET path=/nosuch status=404 ms=")
    assert told["ms"] > 0
