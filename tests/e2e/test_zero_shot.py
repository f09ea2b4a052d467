"""Batches without references on a real server: scored, cancelled, interrupted."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import httpx2
import pytest

from app.demo.run import SAMPLE
from app.storage.disk import DiskJobs
from tests.api.photographs import photograph
from tests.e2e.server_process import ServerProcess, server_process

PARTS = sorted((SAMPLE / "test").glob("*/*.jpg"))
MANY = [("images", (f"{seed}.png", photograph(seed, width=640, height=512))) for seed in range(60)]
LONG_AGO = "2026-01-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with the limits that are the default."""
    with server_process(tmp_path_factory.mktemp("zero-shot"), {}) as running:
        yield running


@pytest.fixture(scope="module")
def calling(alone: ServerProcess) -> Iterator[httpx2.Client]:
    with alone.client() as client:
        yield client


def posted(client: httpx2.Client, files: list[Any], query: str = "") -> str:
    """The path of the job that scores the files."""
    answer = client.post(f"/zero-shot{query}", files=files)
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def awaited(client: httpx2.Client, path: str, *states: str) -> Any:
    deadline = time.monotonic() + 200
    while (job := client.get(path).json())["state"] not in states:
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
    return job


def test_defects_of_the_sample_stand_out_from_its_good_parts(calling: httpx2.Client) -> None:
    files = [("images", (f"{path.parent.name}/{path.name}", path.read_bytes())) for path in PARTS]
    job = awaited(calling, posted(calling, files, "?smaller_edge=448"), "succeeded", "failed")
    assert job["error"] is None
    scores: dict[bool, list[float]] = {True: [], False: []}
    for path, told in zip(PARTS, job["results"], strict=True):
        scores[path.parent.name == "good"].append(told["score"])
        assert told["filename"] == path.name
        assert calling.get(told["heatmap"]["href"]).content.startswith(b"\x89PNG")
    assert mean(scores[False]) > mean(scores[True])


def test_a_cancelled_job_makes_room_and_inspections_go_on_beside_it(calling: httpx2.Client) -> None:
    calling.post("/products/flange/references", content=photograph(0)).raise_for_status()
    path = posted(calling, MANY)
    awaited(calling, path, "running")
    assert calling.post("/products/flange/inspect?heatmap=none", content=photograph(1)).status_code == 200
    assert calling.get(path).json()["state"] == "running"
    assert calling.delete(path).status_code == 204
    assert calling.get(path).json()["state"] == "cancelled"
    awaited(calling, posted(calling, MANY[:2], "?smaller_edge=112"), "succeeded")


def test_a_bad_image_is_named_and_the_batch_refused(calling: httpx2.Client) -> None:
    answer = calling.post("/zero-shot", files=[*MANY[:2], ("images", ("third.png", b"no picture"))])
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-image-type")
    assert answer.json()["detail"].startswith("Image 3 (third.png)")


@pytest.mark.long
def test_a_stop_ends_a_running_job_at_once_as_draining(tmp_path: Path) -> None:
    with server_process(tmp_path, {}) as server, server.client() as client:
        path = posted(client, MANY)
        awaited(client, path, "running")
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 15
    with server_process(tmp_path, {}) as server, server.client() as client:
        job = client.get(path).json()
    assert (job["state"], job["error"]["code"]) == ("failed", "draining")


def killed_in_a_job(folder: Path) -> str:
    """The path of a job whose server was killed while it ran."""
    with server_process(folder, {}) as server, server.client() as client:
        path = posted(client, MANY)
        awaited(client, path, "running")
        server.process.kill()
        server.process.wait()
    return path


@pytest.mark.long
def test_a_job_whose_server_was_killed_is_interrupted_and_can_be_removed(tmp_path: Path) -> None:
    path = killed_in_a_job(tmp_path)
    # As if the last sign of life were long past.
    DiskJobs(tmp_path / "store").update(path.rpartition("/")[2], lambda job: replace(job, updated_at=LONG_AGO))
    with server_process(tmp_path, {}) as server, server.client() as client:
        job = client.get(path).json()
        assert (job["state"], job["error"]["code"]) == ("failed", "job-interrupted")
        assert client.delete(path).status_code == 204
        assert client.get(path).json()["code"] == "job-not-found"


@pytest.mark.long
def test_a_killed_server_is_noticed_within_half_a_minute(tmp_path: Path) -> None:
    path = killed_in_a_job(tmp_path)
    with server_process(tmp_path, {}) as server, server.client() as client:
        started = time.monotonic()
        assert awaited(client, path, "failed")["error"]["code"] == "job-interrupted"
        assert time.monotonic() - started < 35
