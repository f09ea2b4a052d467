"""A mistyped query parameter is refused by name on every route that does something, and nothing is done."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

NAMES = {
    "product_id": "flange", "version": "1", "sha256": "0" * 64, "job_id": "none", "index": "0", "inspection_id": "0",
    "part_id": "0", "number": "1",
}  # fmt: skip
ANSWERS_ANYHOW = {"/health/live", "/health/ready", "/version", "/metrics"}


def test_every_route_refuses_a_parameter_that_it_does_not_have(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    client.put("/products/flange", json={}).raise_for_status()
    tried = 0
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            answer = client.request(method, path.format(**NAMES), params={"dry_runn": "true"})
            if path in ANSWERS_ANYHOW:
                assert answer.status_code == 200, path
                continue
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request"), (method, path)
            assert [each.get("parameter") for each in answer.json()["errors"]].count("dry_runn") == 1, (method, path)
            tried += 1
    assert tried > 20
    assert client.get("/products/flange").json()["revision"] == 1


def test_a_parameter_that_is_given_twice_is_refused(client: TestClient) -> None:
    answer = client.get("/products?limit=5&limit=6")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert answer.json()["errors"] == [{"parameter": "limit", "detail": "It is given twice. Leave one out."}]


@pytest.mark.parametrize("query", ["limit=5&cursr=a", "limt=5"])
def test_a_parameter_beside_known_ones_is_told(client: TestClient, query: str) -> None:
    answer = client.get(f"/products?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith("There is nothing of this name. Check the spelling, or leave it out.")
