"""PatchCore as a product's setting: the same endpoints, another detector."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.photographs import photograph

PATCHCORE = {"method": "patchcore"}


def register(client: TestClient, product: str, *seeds: int) -> None:
    for seed in seeds:
        client.post(f"/products/{product}/references", content=photograph(seed)).raise_for_status()


def inspected(client: TestClient, product: str, seed: int) -> dict[str, Any]:
    answer = client.post(f"/products/{product}/inspect", content=photograph(seed))
    answer.raise_for_status()
    return dict(answer.json())


@pytest.fixture
def patchcore(client: TestClient) -> TestClient:
    """Four references under PatchCore."""
    client.put("/products/flange", json={"settings": PATCHCORE}).raise_for_status()
    register(client, "flange", 1, 2, 3, 4)
    return client


def test_it_brings_its_statistic_and_the_bank_tells_it(patchcore: TestClient) -> None:
    settings = patchcore.get("/products/flange").json()["settings"]
    assert (settings["method"], settings["statistic"]["name"]) == ("patchcore", "max")
    assert patchcore.get("/products/flange/banks/4").json()["method"] == "patchcore"


def test_a_part_is_judged_shown_and_explained_as_ever(patchcore: TestClient) -> None:
    told = inspected(patchcore, "flange", 9)
    assert told["verdict"] in ("ok", "not_ok", "not_decidable")
    assert told["threshold"] > 0
    assert told["heatmap"]
    for region in told["regions"]:
        assert region["peak"] > 0
        assert region["nearest"]


def test_a_reference_itself_lies_at_zero(patchcore: TestClient) -> None:
    assert inspected(patchcore, "flange", 2)["score"] == 0


def test_a_coreset_serves_it_too(patchcore: TestClient) -> None:
    before = inspected(patchcore, "flange", 9)
    patchcore.patch("/products/flange", json={"settings": {"coreset": {"share": 0.1}}}).raise_for_status()
    coreset = patchcore.get("/products/flange/banks/5").json()["coreset"]
    assert coreset["left_out_score"] > coreset["left_out_score_of_all"] > 0
    assert inspected(patchcore, "flange", 9)["threshold"] != before["threshold"]


def test_another_method_is_another_bank_of_the_same_references(patchcore: TestClient) -> None:
    told = patchcore.patch("/products/flange", json={"settings": {"method": "anomalydino"}}).json()
    assert (told["bank_version"], told["rebuild_needed"], told["reference_count"]) == (5, False, 4)
    assert told["settings"]["statistic"]["name"] == "mean_top1p"
    assert inspected(patchcore, "flange", 9)["score"] < 2
    patchcore.post("/products/flange/banks/4/activate").raise_for_status()
    assert patchcore.get("/products/flange").json()["rebuild_needed"]
    assert inspected(patchcore, "flange", 2)["score"] == 0


@pytest.mark.parametrize("statistic", ["mean_top1p", {"name": "mean_topk", "k": 5}, {"name": "percentile", "q": 99}])
def test_a_statistic_that_is_not_its_own_is_refused(client: TestClient, statistic: object) -> None:
    answer = client.put("/products/flange", json={"settings": PATCHCORE | {"statistic": statistic}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")
    assert "patchcore scores an image by max" in answer.json()["detail"]


def test_a_threshold_of_ones_own_may_be_as_large_as_its_distances(patchcore: TestClient, client: TestClient) -> None:
    chosen = {"threshold": {"value": 17.5, "bank_version": 4}}
    assert patchcore.patch("/products/flange", json={"settings": chosen}).status_code == 200
    back = patchcore.patch("/products/flange", json={"settings": {"method": "anomalydino"}})
    assert (back.status_code, "threshold of your own" in back.json()["detail"]) == (422, True)
    client.put("/products/other", json={}).raise_for_status()
    refused = client.patch("/products/other", json={"settings": {"threshold": {"value": 2.5, "bank_version": 1}}})
    assert (refused.status_code, "larger than 2" in refused.json()["detail"]) == (422, True)


def test_an_unknown_method_is_refused(client: TestClient) -> None:
    assert client.put("/products/flange", json={"settings": {"method": "padim"}}).status_code == 422


def test_a_single_reference_has_a_colour_scale_of_its_own(client: TestClient) -> None:
    client.put("/products/flange", json={"settings": PATCHCORE}).raise_for_status()
    register(client, "flange", 1)
    assert inspected(client, "flange", 9)["heatmap"]
