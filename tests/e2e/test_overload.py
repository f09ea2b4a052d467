"""More requests than there are places: refused at once, told when to come back, and nothing else suffers."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.api.photographs import photograph
from tests.e2e.server_process import ServerProcess, server_process

ANSWER_WITHIN_S = 1.0
ADMITTED_WITHIN_S = 1.0


@pytest.fixture(scope="module")
def busy_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One place for inspections, taken by a client that has sent half of its image."""
    one_place = {"MAX_QUEUE": "1", "MAX_REGISTRATIONS": "1"}
    with server_process(tmp_path_factory.mktemp("busy"), one_place) as running:
        with running.client() as client:
            client.post("/products/flange/references", content=photograph()).raise_for_status()
        yield running


@pytest.fixture
def occupied(busy_server: ServerProcess) -> Iterator[httpx2.Client]:
    """A client of the server while its only place for an inspection is taken."""
    sent, finish = threading.Event(), threading.Event()

    def slow_body() -> Iterator[bytes]:
        yield photograph()[:1000]
        sent.set()
        finish.wait(60)
        yield photograph()[1000:]

    with busy_server.client() as client, busy_server.client() as other, ThreadPoolExecutor(1) as pool:
        inspection = pool.submit(other.post, "/products/flange/inspect", content=slow_body())
        sent.wait(60)
        time.sleep(ADMITTED_WITHIN_S)
        try:
            yield client
        finally:
            finish.set()
        assert inspection.result().status_code == 200
        assert client.post("/products/flange/inspect", content=photograph()).status_code == 200


def test_one_inspection_too_many_is_refused_at_once(occupied: httpx2.Client) -> None:
    started = time.monotonic()
    answer = occupied.post("/products/flange/inspect", content=photograph())
    assert time.monotonic() - started < ANSWER_WITHIN_S
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert int(answer.headers["Retry-After"]) == answer.json()["retry_after_s"] > 0


def test_health_answers_under_overload(occupied: httpx2.Client) -> None:
    assert occupied.get("/health/ready").status_code == occupied.get("/health/live").status_code == 200


def test_registrations_and_products_have_places_of_their_own(occupied: httpx2.Client) -> None:
    assert occupied.get("/products/flange").status_code == 200
    assert occupied.post("/products/flange/references", content=photograph()).status_code == 200


def test_of_45_callers_at_once_each_has_a_verdict_or_is_told_when_to_come_back(tmp_path: Path) -> None:
    def inspect(client: httpx2.Client) -> httpx2.Response:
        return client.post("/products/flange/inspect", content=photograph(width=640, height=640))

    slow = {"MAX_QUEUE": "100", "MAX_WAIT_S": "0.5", "SMALLER_EDGE": "448"}
    with server_process(tmp_path, slow) as running, running.client() as client, ThreadPoolExecutor(45) as pool:
        client.post("/products/flange/references", content=photograph()).raise_for_status()
        inspect(client).raise_for_status()
        answers = list(pool.map(inspect, [client] * 45))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "overloaded")}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert len(refused) < len(answers)
