"""Memory banks over HTTP."""

import pytest
from fastapi.testclient import TestClient

from tests.api.photographs import photograph


@pytest.fixture
def two_versions(client: TestClient, flange: str) -> str:
    client.post(f"/products/{flange}/references", content=photograph(1)).raise_for_status()
    return flange


def test_versions_are_listed_newest_first(client: TestClient, two_versions: str) -> None:
    told = client.get(f"/products/{two_versions}/banks").json()
    assert told["active"] == 2
    assert [(bank["version"], bank["parent"], bank["reference_count"]) for bank in told["banks"]] == [
        (2, 1, 2),
        (1, None, 1),
    ]


def test_a_version_tells_what_made_it(client: TestClient, flange: str) -> None:
    answer = client.get(f"/products/{flange}/banks/1")
    told = answer.json()
    assert answer.headers["ETag"] == '"bank-1"'
    assert (told["backbone"], told["engine"], told["precision"]) == ("tiny", "torch", "float32")
    assert told["preprocessing"] == {
        "smaller_edge": 112,
        "rotation": "on",
        "bit_depth": 16,
        "fit": "whole",
        "layers": None,
        "layers_join": "concat",
    }
    assert told["rows"] == sum(reference["rows"] for reference in told["references"]) > 0


def test_an_activated_version_serves_again(client: TestClient, two_versions: str) -> None:
    told = client.post(f"/products/{two_versions}/banks/1/activate").json()
    assert told["version"] == 1
    assert client.post(f"/products/{two_versions}/inspect", content=photograph(2)).json()["bank_version"] == 1
    assert len(client.get(f"/products/{two_versions}/references").json()["references"]) == 1


def test_a_rebuild_makes_a_new_version_of_the_same_references(client: TestClient, two_versions: str) -> None:
    answer = client.post(f"/products/{two_versions}/banks")
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/products/{two_versions}/banks/3")
    assert (answer.json()["reason"], answer.json()["reference_count"]) == ("rebuild", 2)


@pytest.mark.parametrize("path", ["/banks/9", "/banks/9/activate"])
def test_an_unknown_version_is_not_found(client: TestClient, flange: str, path: str) -> None:
    answer = client.request("POST" if "activate" in path else "GET", f"/products/{flange}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "bank-not-found")


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.5", "9" * 5000])
def test_a_version_that_is_no_number_is_refused(client: TestClient, flange: str, version: str) -> None:
    answer = client.get(f"/products/{flange}/banks/{version}")
    assert (answer.status_code, answer.json()["code"]) in {(400, "invalid-request"), (404, "bank-not-found")}
