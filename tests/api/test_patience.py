"""How long a request may be kept waiting."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from app.api.patience import hang_up_noticed
from app.engine.backbone.backbone import no_pause
from app.errors import DeadlineExceeded
from app.main import create_app
from app.service.accelerator.engine_thread import Priority
from app.service.deadline import Deadline
from app.service.inspection.request import InspectionRequest
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


def test_a_closed_connection_is_noticed_and_what_is_dropped_for_it_needs_no_answer() -> None:
    async def leave() -> None:
        deadline, closed = Deadline(), asyncio.Event()

        async def receive() -> Message:
            await closed.wait()
            return {"type": "http.disconnect"}

        async with hang_up_noticed(Request({"type": "http"}, receive), deadline):
            closed.set()
            while not deadline.hung_up.is_set():
                await asyncio.sleep(0)
            deadline.check()

    with pytest.raises(ClientDisconnect):
        asyncio.run(leave())


def test_a_time_that_passes_is_told_to_a_caller_who_is_still_there() -> None:
    async def wait() -> None:
        async def receive() -> Message:
            await asyncio.Event().wait()
            raise AssertionError("nothing comes")

        async with hang_up_noticed(Request({"type": "http"}, receive), Deadline(answer_by=0)):
            Deadline(answer_by=0).check()

    with pytest.raises(DeadlineExceeded, match="Request-Timeout-Ms"):
        asyncio.run(wait())


def test_an_image_whose_caller_has_left_never_reaches_the_backbone(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    backbone = Slow()
    service = tiny_service(settings, backbone=backbone)
    service.references.add("line", [Upload(photograph(0))])
    service.inspection.inspect("line", photograph(1), InspectionRequest())
    engine, go_on, before = service._accelerator.engine, threading.Event(), backbone.passes
    engine.begin(Priority.INSPECTION, go_on.wait, 60)
    with caplog.at_level("INFO"), live_server(create_app(settings, service)) as (host, port):
        head = f"POST /products/line/inspect HTTP/1.1\r\nHost: x\r\nContent-Length: {len(photograph(1))}\r\n"
        with socket.create_connection((host, port)) as caller:
            caller.sendall(head.encode() + b"Connection: keep-alive\r\n\r\n" + photograph(1))
            while not service._accelerator.batches._waiting:
                time.sleep(0.001)
            [image] = service._accelerator.batches._waiting._waiting["line"]
        assert image.deadline.hung_up.wait(60)
        go_on.set()
        while "status=499" not in caplog.text:
            time.sleep(0.001)
    assert backbone.passes == before
