"""What is told of the service at the moment of a scrape."""

from fastapi.testclient import TestClient

from app.api.lanes import Lanes
from app.api.metrics.metrics import Metrics
from app.service.service import Service
from app.settings import Settings
from tests.api.metrics.samples import value
from tests.api.photographs import photograph


def test_nothing_is_told_of_a_service_that_has_not_started() -> None:
    assert value(Metrics(0).exposition().decode(), "inspector_ready") is None


def test_two_applications_count_apart() -> None:
    one, other = Metrics(0), Metrics(0)
    one.answered("GET", None, 404, 0.1, "not-found")
    told = [value(each.exposition().decode(), "inspector_http_errors_total", code="not-found") for each in (one, other)]
    assert told == [1, 0]


def test_an_application_that_is_started_again_tells_of_itself_once(settings: Settings, service: Service) -> None:
    metrics, lanes = Metrics(0), Lanes.of(settings)
    try:
        metrics.follow(service.readiness, lanes)
        metrics.follow(service.readiness, lanes)
        assert metrics.exposition().decode().count("\ninspector_ready 1.0\n") == 1
    finally:
        lanes.close()
        service.close()


def test_the_state_is_that_of_now(client: TestClient, service: Service) -> None:
    client.post("/products/flange/references", content=photograph(0)).raise_for_status()
    client.post("/products/flange/inspect", content=photograph(1)).raise_for_status()
    text = client.get("/metrics").text
    told = ("inspector_banks_loaded", "inspector_bank_loads_total", "inspector_store_reachable", "inspector_ready")
    assert [value(text, name) for name in told] == [1, 1, 1, 1]
    service.drain()
    assert value(client.get("/metrics").text, "inspector_ready") == 0


def test_a_lane_tells_of_its_places(client: TestClient, settings: Settings) -> None:
    lanes: Lanes = client.app.state.lanes  # type: ignore[attr-defined]
    with lanes.inspection.admitted():
        text = client.get("/metrics").text
    assert value(text, "inspector_lane_occupied", lane="inspection") == 1
    assert value(text, "inspector_lane_places", lane="inspection") == settings.max_queue


def test_the_backbone_and_the_versions_are_told(client: TestClient) -> None:
    text = client.get("/metrics").text
    labels = {"name": "tiny", "engine": "torch", "precision": "float32", "device": "cpu"}
    assert value(text, "inspector_backbone_info", **labels) == 1
    assert 'inspector_build_info{faiss="' in text
