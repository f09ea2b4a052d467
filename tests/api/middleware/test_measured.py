"""Requests in the metrics: by route, method and class of status, whoever answered them."""

import pytest
from fastapi.testclient import TestClient

from app.service.service import Service
from tests.api.metrics.samples import value

COUNT = "inspector_http_request_duration_seconds_count"


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/products/flange", {"method": "GET", "route": "/products/{product_id}", "status": "4xx"}),
        ("GET", "/v1/products/flange", {"method": "GET", "route": "/products/{product_id}", "status": "4xx"}),
        ("HEAD", "/products", {"method": "HEAD", "route": "/products", "status": "2xx"}),
        ("GET", "/nosuch", {"method": "GET", "route": "none", "status": "4xx"}),
        ("BREW", "/coffee", {"method": "other", "route": "none", "status": "4xx"}),
        ("GET", "/products/a%2Fb", {"method": "GET", "route": "none", "status": "4xx"}),
    ],
)
def test_a_request_is_counted_by_its_template(
    client: TestClient, method: str, path: str, labels: dict[str, str]
) -> None:
    client.request(method, path)
    assert value(client.get("/metrics").text, COUNT, **labels) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [("/nosuch", "not-found"), ("/products/flange", "product-not-found"), ("/jobs/%00", "job-not-found")],
)
def test_a_problem_is_counted_by_its_code(client: TestClient, path: str, code: str) -> None:
    client.get(path)
    assert value(client.get("/metrics").text, "inspector_http_errors_total", code=code) == 1


def test_a_failure_of_the_service_is_counted(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "products", None)
    assert client.get("/products").status_code == 500
    text = client.get("/metrics").text
    assert value(text, "inspector_http_errors_total", code="internal-error") == 1
    assert value(text, COUNT, method="GET", route="/products", status="5xx") == 1
