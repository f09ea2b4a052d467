"""Where a patch may be found over HTTP: set with the product, told with the bank and the answer, rolled back."""

from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.api.photographs import photograph

NEAR = {"rotation": "off", "search": {"near": 2}}


def grainy(seed: int, *, swapped: bool = False) -> bytes:
    """The same picture with other grain, or its left and right half swapped."""
    smooth = np.asarray(cv2.imdecode(np.frombuffer(photograph(1), np.uint8), cv2.IMREAD_COLOR), np.float32)
    picture = smooth + np.random.default_rng(seed).normal(0, 4, smooth.shape)
    shown = np.roll(picture, picture.shape[1] // 2, axis=1) if swapped else picture
    return cv2.imencode(".png", np.clip(shown, 0, 255).astype(np.uint8))[1].tobytes()


def register(client: TestClient, *seeds: int) -> None:
    for seed in seeds:
        client.post("/products/flange/references", content=photograph(seed)).raise_for_status()


def change(client: TestClient, **settings: Any) -> None:
    client.patch("/products/flange", json={"settings": settings}).raise_for_status()


def inspected(client: TestClient, seed: int = 7, version: str = "") -> dict[str, Any]:
    told = client.post(f"/products/flange/inspect?heatmap=none{version}", content=photograph(seed))
    return dict(told.raise_for_status().json())


def bank(client: TestClient) -> dict[str, Any]:
    told = client.get("/products/flange/banks").json()
    [active] = [each for each in told["banks"] if each["version"] == told["active"]]
    return dict(active)


@pytest.fixture
def fixtured(client: TestClient) -> TestClient:
    """Three references, searched near each patch's own place."""
    client.put("/products/flange", json={"settings": NEAR}).raise_for_status()
    register(client, 1, 2, 3)
    return client


def test_the_product_the_bank_and_the_answer_tell_the_search(fixtured: TestClient) -> None:
    assert fixtured.get("/products/flange").json()["settings"]["search"] == {"near": 2}
    assert bank(fixtured)["search"] == {"near": 2}
    assert fixtured.get("/products/flange/banks/3").json()["search"] == {"near": 2}
    assert inspected(fixtured)["search"] == {"near": 2}


def test_a_product_is_searched_anywhere_unless_it_is_asked_for(client: TestClient, flange: str) -> None:
    assert client.get(f"/products/{flange}").json()["settings"]["search"] == "anywhere"
    assert bank(client)["search"] == inspected(client)["search"] == "anywhere"


def test_scores_and_thresholds_are_those_of_the_search(fixtured: TestClient) -> None:
    near = inspected(fixtured)
    change(fixtured, search="anywhere")
    anywhere = inspected(fixtured)
    assert near["score"] > anywhere["score"]
    assert near["threshold"] > anywhere["threshold"]


def test_another_search_is_another_version_and_no_photograph_is_sent_again(fixtured: TestClient) -> None:
    before = bank(fixtured)
    change(fixtured, search={"near": 1})
    told = bank(fixtured)
    assert (told["version"], told["reason"], told["search"]) == (before["version"] + 1, "settings", {"near": 1})
    assert (told["rows"], told["reference_count"]) == (before["rows"], 3)
    assert not fixtured.get("/products/flange").json()["rebuild_needed"]


def test_a_rollback_brings_the_search_of_then_back(fixtured: TestClient) -> None:
    near, version = inspected(fixtured), bank(fixtured)["version"]
    change(fixtured, search="anywhere")
    fixtured.post(f"/products/flange/banks/{version}/activate").raise_for_status()
    again = inspected(fixtured)
    assert (again["score"], again["threshold"], again["search"]) == (near["score"], near["threshold"], near["search"])
    assert fixtured.get("/products/flange").json()["rebuild_needed"]


def test_a_familiar_patch_in_the_wrong_place_is_not_ok(client: TestClient) -> None:
    client.put("/products/flange", json={"settings": NEAR}).raise_for_status()
    for seed in (1, 2, 3):
        client.post("/products/flange/references", content=grainy(seed)).raise_for_status()
    told = client.post("/products/flange/inspect?heatmap=none", content=grainy(4, swapped=True)).json()
    assert told["score"] > told["threshold"]
    assert told["regions"]


def test_what_is_told_of_references_is_of_the_search_too(fixtured: TestClient) -> None:
    near = fixtured.get("/products/flange/references/quality").raise_for_status().json()
    change(fixtured, search="anywhere")
    anywhere = fixtured.get("/products/flange/references/quality").raise_for_status().json()
    assert near["coverage"] != anywhere["coverage"]


@pytest.mark.parametrize("changes", [{"search": {"near": 2}}, {"search": {"near": 2}, "rotation": "on"}])
def test_it_is_refused_with_rotations(client: TestClient, flange: str, changes: dict[str, Any]) -> None:
    answer = client.patch(f"/products/{flange}", json={"settings": changes})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")
    assert "Set rotation to off" in answer.json()["detail"]


def test_rotations_are_refused_with_it(fixtured: TestClient) -> None:
    answer = fixtured.patch("/products/flange", json={"settings": {"rotation": "on"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")
    assert "search to anywhere" in answer.json()["detail"]
    change(fixtured, rotation="on", search="anywhere")


@pytest.mark.parametrize("wrong", ["near", 2, None, {}, {"near": 0}, {"near": 65}, {"near": 1.5}, {"far": 2}])
def test_what_is_no_search_is_refused(client: TestClient, flange: str, wrong: object) -> None:
    answer = client.patch(f"/products/{flange}", json={"settings": {"rotation": "off", "search": wrong}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")
