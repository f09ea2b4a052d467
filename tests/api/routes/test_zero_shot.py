"""Batches without references, and their jobs, over HTTP."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.service.jobs.jobs import JobUnderWay
from app.service.service import Service
from app.settings import Settings
from tests.api.photographs import photograph

ZERO_SHOT = "/zero-shot?smaller_edge=112"
UNKNOWN = "/jobs/" + "0" * 32


def form(*images: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("images", (f"{place}.png", image)) for place, image in enumerate(images)]


BATCH = form(*map(photograph, range(3)))


def finished(client: TestClient, path: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (job := client.get(path).json())["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.01)
    assert isinstance(job, dict)
    return job


@pytest.fixture
def hold(service: Service) -> Iterator[Callable[[], str]]:
    """Takes on a job that runs until the test has ended; its path."""
    end = threading.Event()

    def work(under_way: JobUnderWay) -> tuple[()]:
        while not end.wait(0.005):
            under_way.check()
        return ()

    yield lambda: f"/jobs/{service.jobs.submit('zero-shot', 3, work).job_id}"
    end.set()


@pytest.fixture
def held(hold: Callable[[], str]) -> str:
    return hold()


def test_a_batch_is_accepted_as_a_job_of_its_own(client: TestClient) -> None:
    answer = client.post(ZERO_SHOT, files=BATCH)
    told = answer.json()
    assert answer.status_code == 202
    assert re.fullmatch(r"/jobs/[0-9a-f]{32}", answer.headers["Location"])
    assert answer.headers["Location"] == f"/jobs/{told['job_id']}"
    assert (told["kind"], told["state"], told["error"], told["results"]) == ("zero-shot", "queued", None, [])
    assert told["progress"] == {"done": 0, "total": 9, "stage": "waiting"}


def test_its_results_name_the_images_and_their_heatmaps(client: TestClient) -> None:
    path = client.post(ZERO_SHOT, files=BATCH).headers["Location"]
    job = finished(client, path)
    assert job["state"] == "succeeded"
    assert [(each["index"], each["filename"]) for each in job["results"]] == [(0, "0.png"), (1, "1.png"), (2, "2.png")]
    told = job["results"][2]
    assert told["image"]["width"] == 160
    assert told["heatmap"]["href"] == f"{path}/heatmaps/2.png"
    assert told["heatmap"]["scale"]["min"] == 0 < told["heatmap"]["scale"]["max"]


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_a_heatmap_lies_where_the_results_say(client: TestClient, prefix: str) -> None:
    path = client.post(prefix + ZERO_SHOT, files=BATCH).headers["Location"]
    assert path.startswith(f"{prefix}/jobs/")
    heatmap = finished(client, path)["results"][1]["heatmap"]
    answer = client.get(heatmap["href"])
    picture = np.asarray(cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED))
    assert answer.headers["Content-Type"] == "image/png"
    assert picture.shape[:2] == (heatmap["height"], heatmap["width"]) == (112, 140)


def test_a_deleted_job_is_gone_with_its_heatmaps(client: TestClient) -> None:
    path = client.post(ZERO_SHOT, files=BATCH).headers["Location"]
    finished(client, path)
    assert client.delete(path).status_code == 204
    for answer in (client.get(path), client.get(f"{path}/heatmaps/0.png"), client.delete(path)):
        assert (answer.status_code, answer.json()["code"]) == (404, "job-not-found")


def test_a_running_job_is_cancelled_first_and_then_removed(client: TestClient, held: str) -> None:
    assert client.delete(held).status_code == 204
    assert client.get(held).json()["state"] == "cancelled"
    assert client.delete(held).status_code == 204
    assert client.get(held).status_code == 404


def test_a_heatmap_is_not_found_before_there_is_one(client: TestClient, held: str) -> None:
    answer = client.get(f"{held}/heatmaps/0.png")
    assert (answer.status_code, answer.json()["code"]) == (404, "heatmap-not-found")


@pytest.mark.parametrize("path", [UNKNOWN, "/jobs/x", f"{UNKNOWN}/heatmaps/0.png"])
def test_an_unknown_job_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "job-not-found")


@pytest.mark.parametrize(
    "query",
    ["smaller_edge=100", "masking=maybe", "aggregation=mean", "profile=x", "style=mask", "backbone=", "size=map"],
)
def test_a_wrong_parameter_is_refused_by_name(client: TestClient, query: str) -> None:
    answer = client.post(f"/zero-shot?{query}", files=BATCH)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert answer.json()["errors"][0]["parameter"] == query.split("=")[0]


def test_an_unknown_backbone_is_refused(client: TestClient) -> None:
    answer = client.post("/zero-shot?backbone=dinov9", files=BATCH)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")


def test_a_bad_image_is_named(client: TestClient) -> None:
    answer = client.post(ZERO_SHOT, files=form(photograph(1), b"\x89PNG\r\n\x1a\n" + bytes(100)))
    assert (answer.status_code, answer.json()["code"]) == (422, "image-undecodable")
    assert answer.json()["detail"].startswith("Image 2 (1.png): ")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"files": form(photograph())}, 400, "invalid-request"),
        ({"content": photograph()}, 400, "invalid-request"),
        ({"json": {}}, 415, "unsupported-image-type"),
        ({"files": form(*map(photograph, range(5)))}, 413, "too-many-images"),
        ({"files": form(photograph(), bytes(4 * 2**20))}, 413, "body-too-large"),
    ],
)
def test_a_body_that_is_no_batch_is_refused(client: TestClient, body: dict[str, Any], status: int, code: str) -> None:
    answer = client.post(ZERO_SHOT, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_beyond_the_places_for_jobs_a_batch_is_refused_before_it_is_read(
    client: TestClient, settings: Settings, hold: Callable[[], str]
) -> None:
    for _ in range(settings.max_jobs):
        hold()
    answer = client.post(ZERO_SHOT, content=b"never looked at")
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert int(answer.headers["Retry-After"]) >= 1


def test_the_document_asks_for_a_form(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/zero-shot"]["post"]
    assert list(operation["requestBody"]["content"]) == ["multipart/form-data"]
    assert {"202", "413", "415", "422", "503"} <= set(operation["responses"])
