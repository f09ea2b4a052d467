"""Layers of the backbone as a product's setting, from the setting to the bank and the verdict."""

import pytest
from fastapi.testclient import TestClient

from app.api.schemas.settings import MOST_LAYERS
from tests.api.photographs import photograph

BOTH = {"layers": [1, 2]}


def score(client: TestClient) -> float:
    return float(client.post("/products/flange/inspect?heatmap=none", content=photograph(9)).json()["score"])


def test_another_choice_makes_a_new_bank_that_tells_it(client: TestClient, flange: str) -> None:
    last = score(client)
    told = client.patch(f"/products/{flange}", json={"settings": BOTH}).json()
    assert (told["settings"]["layers"], told["settings"]["layers_join"]) == ([1, 2], "concat")
    assert (told["bank_version"], told["rebuild_needed"]) == (2, False)
    bank = client.get(f"/products/{flange}/banks/2").json()
    assert (bank["preprocessing"]["layers"], bank["width"], bank["reason"]) == ([1, 2], 64, "settings")
    assert score(client) != last


def test_an_averaged_bank_is_as_wide_as_one_layer(client: TestClient, flange: str) -> None:
    joined = client.patch(f"/products/{flange}", json={"settings": BOTH | {"layers_join": "mean"}})
    assert joined.status_code == 200
    bank = client.get(f"/products/{flange}/banks/2").json()
    assert (bank["preprocessing"]["layers_join"], bank["width"]) == ("mean", 32)


def test_a_rolled_back_bank_answers_with_its_own_layers(client: TestClient, flange: str) -> None:
    before = score(client)
    client.patch(f"/products/{flange}", json={"settings": BOTH})
    client.post(f"/products/{flange}/banks/1/activate").raise_for_status()
    assert score(client) == before
    assert client.get(f"/products/{flange}").json()["rebuild_needed"]


def test_without_layers_the_join_means_nothing(client: TestClient, flange: str) -> None:
    told = client.patch(f"/products/{flange}", json={"settings": {"layers_join": "mean"}}).json()
    assert (told["bank_version"], told["rebuild_needed"]) == (1, False)


@pytest.mark.parametrize(
    ("layers", "detail"),
    [([3], "layers: tiny has 1 to 2, not 3."), ([2, 1], "ascending"), ([1, 1], "ascending")],
)
def test_layers_that_are_not_there_are_refused_with_those_that_are(
    client: TestClient, flange: str, layers: list[int], detail: str
) -> None:
    answer = client.patch(f"/products/{flange}", json={"settings": {"layers": layers}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")
    assert detail in answer.json()["detail"]
    assert client.get(f"/products/{flange}").json()["settings"]["layers"] is None


@pytest.mark.parametrize("layers", [[], [0], [1.5], ["1"], [True], [MOST_LAYERS + 1], 2])
def test_what_is_no_list_of_layers_is_refused(client: TestClient, layers: object) -> None:
    answer = client.post("/products", json={"product_id": "flange", "settings": {"layers": layers}})
    assert answer.status_code == 422
