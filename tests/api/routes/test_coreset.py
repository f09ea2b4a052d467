"""A coreset over HTTP: set with the product, told with the bank, and with thresholds of its own."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.photographs import photograph


def register(client: TestClient, *seeds: int) -> None:
    for seed in seeds:
        client.post("/products/flange/references", content=photograph(seed)).raise_for_status()


@pytest.fixture
def reduced(client: TestClient) -> TestClient:
    """Three references, of whose rows a tenth is searched."""
    client.put("/products/flange", json={"settings": {"coreset": {"share": 0.1}}}).raise_for_status()
    register(client, 1, 2, 3)
    return client


def bank(client: TestClient) -> dict[str, Any]:
    told = client.get("/products/flange/banks").json()
    [active] = [each for each in told["banks"] if each["version"] == told["active"]]
    return dict(active)


def test_the_bank_tells_its_coreset_and_what_it_does_to_scores(reduced: TestClient) -> None:
    told = bank(reduced)
    coreset = told["coreset"]
    assert (coreset["share"], coreset["rows"]) == (0.1, None)
    assert told["rows"] == coreset["of_rows"] // 10
    assert coreset["left_out_score"] > coreset["left_out_score_of_all"] > 0


def test_a_product_has_none_unless_it_is_asked_for(client: TestClient, flange: str) -> None:
    assert client.get(f"/products/{flange}").json()["settings"]["coreset"] is None
    assert bank(client)["coreset"] is None


def test_scores_and_thresholds_are_those_of_the_coreset(reduced: TestClient) -> None:
    def inspected() -> tuple[float, float]:
        told = reduced.post("/products/flange/inspect?heatmap=none", content=photograph(7)).json()
        return told["score"], told["threshold"]

    score, threshold = inspected()
    reduced.patch("/products/flange", json={"settings": {"coreset": None}}).raise_for_status()
    score_of_all, threshold_of_all = inspected()
    assert score > score_of_all
    assert threshold > threshold_of_all


def test_it_can_be_changed_without_sending_a_photograph_again(reduced: TestClient) -> None:
    reduced.patch("/products/flange", json={"settings": {"coreset": {"rows": 200}}}).raise_for_status()
    told = bank(reduced)
    assert (told["rows"], told["reason"], told["coreset"]["rows"]) == (200, "settings", 200)
    assert not reduced.get("/products/flange").json()["rebuild_needed"]


@pytest.mark.parametrize("wrong", [0.1, {}, {"share": 0}, {"share": 0.1, "rows": 500}, {"rows": 5}, {"part": 0.1}])
def test_what_is_no_coreset_is_refused(client: TestClient, flange: str, wrong: object) -> None:
    answer = client.patch(f"/products/{flange}", json={"settings": {"coreset": wrong}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")
