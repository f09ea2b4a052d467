"""How long a request may be kept waiting."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from app.engine.backbone.backbone import no_pause
from app.main import create_app
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings
from tests.api.live_server import live_server
from tests.api.photographs import photograph
from tests.api.test_cold_banks import GatedBlobs
from tests.api.tiny_backbone import tiny_backbone
from tests.api.tiny_service import tiny_service

TIMEOUT = "Request-Timeout-Ms"
CALLERS = 45


class Slow:
    """The tiny backbone, 50 ms slower; it counts its passes."""

    def __init__(self) -> None:
        self._inner = tiny_backbone()
        self.spec, self.engine, self.precision = self._inner.spec, self._inner.engine, self._inner.precision
        self.pause, self.batches = no_pause, False
        self.passes = 0

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        self.passes += 1
        time.sleep(0.05)
        return self._inner.extract(inputs)


@pytest.mark.parametrize("given", ["60000", "00060000", " 999999999 "])
def test_a_whole_number_of_milliseconds_is_taken(client: TestClient, flange: str, given: str) -> None:
    answer = client.post(f"/products/{flange}/inspect", content=photograph(1), headers={TIMEOUT: given})
    assert answer.status_code == 200


def test_a_time_that_passes_while_the_body_comes_is_told(settings: Settings, service: Service) -> None:
    def slow_body() -> Iterator[bytes]:
        yield photograph(1)[:1000]
        time.sleep(1)
        yield photograph(1)[1000:]

    service.references.add("flange", [Upload(photograph(0))])
    with live_server(create_app(settings, service)) as (host, port):
        address = f"http://{host}:{port}/products/flange/inspect"
        answer = httpx2.post(address, content=slow_body(), headers={TIMEOUT: "100"}, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline-exceeded")


@pytest.mark.parametrize("given", ["", "0", "000", "-1", "1.5", "1e3", "+5", "5s", "1_000", "1000000000", "9" * 5000])
def test_anything_else_is_refused_and_says_what_is_allowed(client: TestClient, flange: str, given: str) -> None:
    headers = [(TIMEOUT.encode(), given.encode())]
    answer = client.post(f"/products/{flange}/inspect", content=photograph(1), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert "1 to 999999999" in answer.json()["detail"]


def test_two_of_them_are_refused(client: TestClient, flange: str) -> None:
    headers = [(TIMEOUT, "5000"), (TIMEOUT, "5000")]
    answer = client.post(f"/products/{flange}/inspect", content=photograph(1), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


@pytest.mark.parametrize(("max_wait_s", "headers", "told"), [
    (60.0, {TIMEOUT: "200"}, (504, "deadline-exceeded")),
    (0.2, {}, (503, "overloaded")),
    (0.2, {TIMEOUT: "60000"}, (503, "overloaded")),
])  # fmt: skip
def test_nobody_waits_longer_for_a_bank_and_the_load_goes_on(
    settings: Settings, max_wait_s: float, headers: dict[str, str], told: tuple[int, str]
) -> None:
    before = tiny_service(settings)
    before.references.add("cold", [Upload(photograph(0))])
    before.close()
    blobs = GatedBlobs(settings.store_dir)
    given = settings.model_copy(update={"max_wait_s": max_wait_s})
    with (
        live_server(create_app(given, tiny_service(given, blobs))) as (host, port),
        httpx2.Client(base_url=f"http://{host}:{port}", timeout=60, trust_env=False) as client,
    ):
        answer = client.post("/products/cold/inspect", content=photograph(1), headers=headers)
        blobs.gate.set()
        assert (answer.status_code, answer.json()["code"]) == told
        while not client.get("/products/cold").json()["bank_loaded"]:
            pass


@pytest.mark.parametrize("headers", [{}, {TIMEOUT: "400"}])
def test_of_many_callers_at_once_those_who_would_wait_too_long_are_refused_without_being_inspected(
    settings: Settings, headers: dict[str, str]
) -> None:
    backbone = Slow()
    given = settings.model_copy(update={"max_wait_s": 5.0 if headers else 0.4, "max_queue": 100})
    service = tiny_service(given, backbone=backbone)
    service.references.add("line", [Upload(photograph(0))])
    with (
        live_server(create_app(given, service)) as (host, port),
        httpx2.Client(base_url=f"http://{host}:{port}", timeout=60, trust_env=False) as client,
        ThreadPoolExecutor(CALLERS) as pool,
    ):
        path = "/products/line/inspect"
        client.post(path, content=photograph(1)).raise_for_status()
        before = backbone.passes
        calls = [pool.submit(client.post, path, content=photograph(1), headers=headers) for _ in range(CALLERS)]
        answers = [call.result() for call in calls]
    inspected = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 0 < len(inspected) == backbone.passes - before
    assert {answer.json()["code"] for answer in refused} <= {"overloaded"} | (
        {"deadline-exceeded"} if headers else set()
    )
    assert all(int(each.headers["Retry-After"]) >= 1 for each in refused if each.status_code == 503)
    assert refused
