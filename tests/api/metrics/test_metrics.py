"""Events that are counted, and how many series they can make."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.api.metrics.metrics import Metrics
from app.main import create_app
from app.service.inspection.result import InspectionResult
from app.service.service import Service
from app.settings import Settings
from tests.api.metrics.samples import scraped, value
from tests.api.photographs import photograph

MOST_PRODUCTS = 2


@pytest.fixture
def near(settings: Settings, service: Service) -> Iterator[TestClient]:
    """A caller on this machine, of a service that tells two products apart; `flange` is registered."""
    app = create_app(settings.model_copy(update={"metrics_products": MOST_PRODUCTS}), service)
    with TestClient(app, client=("127.0.0.1", 50000), raise_server_exceptions=False) as calling:
        calling.post("/products/flange/references", content=photograph(0)).raise_for_status()
        yield calling


def inspect(near: TestClient, product_id: str = "flange") -> None:
    near.post(f"/products/{product_id}/inspect", content=photograph(1)).raise_for_status()


@pytest.fixture
def result(near: TestClient, service: Service) -> InspectionResult:
    results: list[InspectionResult] = []
    with service.inspection.told_to(results.append):
        inspect(near)
    return results[0]


def test_an_inspection_is_counted_with_its_verdict_its_flags_and_its_stages(near: TestClient) -> None:
    inspect(near)
    text = near.get("/metrics").text
    assert value(text, "inspector_inspections_total", verdict="not_decidable") == 1
    assert value(text, "inspector_inspection_flags_total", flag="uncalibrated") == 1
    stages = {
        dict(labels)["stage"] for name, labels in scraped(text) if name == "inspector_inspection_stage_seconds_sum"
    }
    assert {"receive", "wait", "bank", "decode", "preprocess", "backbone", "search", "score", "heatmap"} <= stages


def test_verdicts_flags_and_codes_begin_at_0_so_that_the_first_one_is_an_increase(near: TestClient) -> None:
    text = near.get("/metrics").text
    assert value(text, "inspector_inspections_total", verdict="ok") == 0
    assert value(text, "inspector_inspection_flags_total", flag="drift") == 0
    assert value(text, "inspector_http_errors_total", code="internal-error") == 0


def test_products_are_told_apart_up_to_the_number(near: TestClient) -> None:
    for product_id in ("gear", "cover"):
        near.post(f"/products/{product_id}/references", content=photograph(0)).raise_for_status()
    for product_id in ("flange", "gear", "cover"):
        inspect(near, product_id)
    names = {dict(labels).get("product") for _, labels in scraped(near.get("/metrics").text)} - {None}
    assert names == {"flange", "gear", "other"}


def test_by_default_no_product_is_named(settings: Settings, result: InspectionResult) -> None:
    metrics = Metrics(settings.metrics_products)
    metrics.inspected(result)
    assert "flange" not in metrics.exposition().decode()


def junk(near: TestClient, round_: int) -> None:
    """Requests that try to leave something of theirs behind as a label."""
    for number in range(20):
        name = f"junk-{round_}-{number}"
        for path in (f"/{name}", f"/products/{name}", f"/v1/products/{name}/inspect?{name}=1", f"/jobs/{name}"):
            near.get(path, headers={"X-Request-ID": name, "Authorization": f"Bearer {name}"})
            near.request(f"BREW{number}{round_}", path)
            near.head(path)
        near.post(f"/products/{name}/inspect", content=b"junk", params={"part_id": name})


def test_no_caller_can_add_series_without_end(near: TestClient) -> None:
    junk(near, 1)
    near.get("/metrics")  # a route of its own from the next scrape on
    before = set(scraped(near.get("/metrics").text))
    junk(near, 2)
    after = near.get("/metrics").text
    assert set(scraped(after)) == before
    assert "junk" not in after
