"""SIGTERM: what is under way is finished and answered, then the process ends with status 0; a new one has it all."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from app.storage.open import PATIENCE_S
from tests.api.photographs import photograph
from tests.e2e.server_process import ROOT, server_process
from tests.free_port import free_port

PAUSE_S = 3.0
SERVE = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A server that was stopped while it had an inspection and a registration under way."""

    folder: Path
    inspection: httpx2.Response
    registration: httpx2.Response
    status: int
    refused_after_s: float


def slowly(image: bytes) -> Iterator[bytes]:
    yield image[:1000]
    time.sleep(PAUSE_S)
    yield image[1000:]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    folder = tmp_path_factory.mktemp("stopped")
    with server_process(folder, {}) as server, server.client() as client, ThreadPoolExecutor(2) as pool:
        client.post("/products/flange/references", content=photograph(0)).raise_for_status()
        inspection = pool.submit(client.post, "/products/flange/inspect", content=slowly(photograph(9)))
        registration = pool.submit(client.post, "/products/cover/references", content=slowly(photograph(1)))
        time.sleep(PAUSE_S / 3)
        server.process.terminate()
        started = time.monotonic()
        while _accepts(server.address):
            time.sleep(0.02)
        refused_after_s = time.monotonic() - started
        return Stopped(folder, inspection.result(), registration.result(), server.stop(), refused_after_s)


def _accepts(address: tuple[str, int]) -> bool:
    try:
        httpx2.get(f"http://{address[0]}:{address[1]}/health/live", trust_env=False)
    except httpx2.TransportError:
        return False
    return True


def test_an_inspection_under_way_is_answered(stopped: Stopped) -> None:
    assert stopped.inspection.status_code == 200


def test_a_registration_under_way_is_acknowledged(stopped: Stopped) -> None:
    assert stopped.registration.status_code == 201


def test_nobody_new_is_let_in(stopped: Stopped) -> None:
    assert stopped.refused_after_s < PAUSE_S / 2


def test_the_process_ends_with_status_0(stopped: Stopped) -> None:
    assert stopped.status == 0


def test_what_was_acknowledged_is_there_after_a_restart(stopped: Stopped) -> None:
    with server_process(stopped.folder, {}) as server, server.client() as client:
        assert client.get("/products/cover").json()["reference_count"] == 1
        again = client.post("/products/flange/inspect", content=photograph(9)).json()
    assert again["score"] == stopped.inspection.json()["score"]


def test_a_server_behind_a_proxy_serves_on_while_it_says_not_ready(tmp_path: Path) -> None:
    with server_process(tmp_path, {"DRAIN_S": "3"}) as server, server.client() as client:
        client.post("/products/flange/references", content=photograph(0)).raise_for_status()
        server.process.terminate()
        while client.get("/health/ready").status_code == 200:
            pass
        assert client.get("/health/ready").json()["code"] == "draining"
        assert client.post("/products/flange/inspect", content=photograph(9)).status_code == 200
        assert server.process.wait(60) == 0


def test_a_server_that_still_waits_for_its_redis_is_stopped_at_once(tmp_path: Path) -> None:
    settings = {"STORE_URL": f"redis://127.0.0.1:{free_port()}/0", "LOG_LEVEL": "info"}
    environment = os.environ | {f"INSPECTOR_{name}": value for name, value in settings.items()}
    log = tmp_path / "log"
    with log.open("wb") as sink, subprocess.Popen(SERVE, cwd=ROOT, env=environment, stderr=sink) as process:
        while "Redis does not answer yet" not in log.read_text():
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        assert process.wait(PATIENCE_S / 2) == 0


def test_a_server_whose_network_was_compiled_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    with server_process(tmp_path, {"ENGINE": "auto"}) as server:
        assert server.stop() == 0
        assert server.has_logged("Application shutdown complete", 1)


@pytest.mark.long
def test_a_long_registration_does_not_hold_up_a_stop_and_is_to_be_sent_again(tmp_path: Path) -> None:
    images = [("images", (f"{seed}.png", photograph(seed), "image/png")) for seed in range(60)]
    settings = {"SMALLER_EDGE": "672"}
    with server_process(tmp_path, settings) as server, server.client() as client, ThreadPoolExecutor(1) as pool:
        registration = pool.submit(client.post, "/products/flange/references", files=images)
        time.sleep(PAUSE_S)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 25
        answer = registration.result()
    assert (answer.status_code, answer.json()["code"]) == (503, "draining")
    assert "Retry-After" in answer.headers
    with server_process(tmp_path, settings) as server, server.client() as client:
        assert client.get("/products/flange").json()["bank_version"] is None
