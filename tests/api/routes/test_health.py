"""Health, version, and the documentation that the service carries with it."""

import re
import sys
import threading
from importlib.metadata import version

from fastapi.testclient import TestClient

from app.engine.options import ProductSettings
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from tests.api.photographs import photograph

TINY_ON_TORCH = {"name": "tiny", "engine": "torch", "precision": "float32", "layers": [1, 2]}


def test_a_ready_service_names_its_backbone(client: TestClient) -> None:
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["backbone"] == TINY_ON_TORCH


def test_the_batches_of_the_last_minute_are_told(client: TestClient, service: Service) -> None:
    idle = client.get("/health/ready").json()["batches"]
    assert idle == {"largest": 1, "images": 0, "mean_size": None, "mean_wait_ms": None}
    service.references.add("flange", [Upload(photograph(0))])
    client.post("/products/flange/inspect", content=photograph(1)).raise_for_status()
    told = client.get("/health/ready").json()["batches"]
    assert (told["images"], told["mean_size"]) == (1, 1.0)
    assert told["mean_wait_ms"] >= 0


def test_a_draining_service_is_live_but_not_ready(client: TestClient, service: Service) -> None:
    service.drain()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["code"], answer.json()["backbone"]) == (503, "draining", TINY_ON_TORCH)
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/health/live").json() == {"status": "live"}


def test_health_answers_while_every_thread_is_taken(client: TestClient) -> None:
    lanes, release = client.app.state.lanes, threading.Event()  # type: ignore[attr-defined]
    for lane in (lanes.inspection, lanes.registration, lanes.admin):
        for _ in range(64):
            lane._pool.submit(release.wait)
    try:
        assert client.get("/health/live").status_code == client.get("/health/ready").status_code == 200
    finally:
        release.set()


def test_the_version_names_what_the_numbers_depend_on(client: TestClient) -> None:
    told = client.get("/version").json()
    assert told["backbone"] == TINY_ON_TORCH
    assert told["torch"].startswith(version("torch"))
    assert told["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(told) == {"version", "backbone", "python", "torch", "faiss"}


def test_the_documentation_page_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/docs").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert not re.search(r"https?://", page)
    assert len(assets) == 3
    assert all(client.get(asset).status_code == 200 for asset in assets)


def test_the_openapi_document_refers_to_nothing_that_it_lacks(client: TestClient) -> None:
    document = client.get("/openapi.json")
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', document.text))
    assert {"Problem", "SettingsGiven", "InspectionBody"} <= referred
    assert referred == set(document.json()["components"]["schemas"])


def test_the_openapi_document_tells_the_settings(client: TestClient) -> None:
    settings = client.get("/openapi.json").json()["components"]["schemas"]["SettingsGiven"]
    assert set(settings["properties"]) == set(ProductSettings.__dataclass_fields__)
    assert settings["additionalProperties"] is False
    edge = settings["properties"]["smaller_edge"]
    assert (edge["minimum"], edge["maximum"]) == (112, 1344)


def test_every_operation_documents_its_problems(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            if path in ("/health/live", "/version"):
                continue
            media_types = {kind for answer in operation["responses"].values() for kind in answer.get("content", {})}
            assert "application/problem+json" in media_types, f"{method} {path}"
            assert "HTTPValidationError" not in str(operation), f"{method} {path}"
