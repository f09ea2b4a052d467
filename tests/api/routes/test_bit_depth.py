"""12-bit photographs in files of 16 bits, from registration to verdict."""

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.api.photographs import photograph


def deep(seed: int, factor: int) -> bytes:
    """The photograph in a file of 16 bits, its values times `factor`."""
    eight = cv2.imdecode(np.frombuffer(photograph(seed), np.uint8), cv2.IMREAD_COLOR)
    assert eight is not None
    return cv2.imencode(".png", eight.astype(np.uint16) * factor)[1].tobytes()


def depth_of(client: TestClient, product_id: str) -> int:
    versions = client.get(f"/products/{product_id}/banks").json()["banks"]
    return int(versions[0]["preprocessing"]["bit_depth"])


@pytest.fixture
def twelve(client: TestClient) -> str:
    """A product with three references of 12 bits."""
    for seed in range(3):
        answer = client.post("/products/mono/references", content=deep(seed, 16))
        assert answer.status_code == 201
    return "mono"


def test_the_depth_is_decided_by_the_references_and_named(client: TestClient, twelve: str) -> None:
    received = client.post(f"/products/{twelve}/references", content=deep(3, 16)).json()["received"]
    assert "bit_depth" in [finding["kind"] for finding in received[0]["findings"]]
    assert depth_of(client, twelve) == 12


def test_an_image_scores_as_its_eight_bits_do(client: TestClient, twelve: str) -> None:
    for seed in range(3):
        client.post("/products/plain/references", content=photograph(seed))
    plain = client.post("/products/plain/inspect?heatmap=none", content=photograph(9)).json()
    mono = client.post(f"/products/{twelve}/inspect?heatmap=none", content=deep(9, 16)).json()
    assert mono["score"] == pytest.approx(plain["score"], abs=1e-6)
    assert "bit_depth_exceeded" not in mono["flags"]


def test_an_image_that_exceeds_the_depth_gets_no_verdict(client: TestClient, twelve: str) -> None:
    answer = client.post(f"/products/{twelve}/inspect?heatmap=none", content=deep(1, 257)).json()
    assert (answer["verdict"], "bit_depth_exceeded" in answer["flags"]) == ("not_decidable", True)


def test_a_reference_that_needs_more_bits_makes_the_bank_anew(client: TestClient, twelve: str) -> None:
    client.post(f"/products/{twelve}/references", content=deep(5, 257))
    assert depth_of(client, twelve) == 16


def test_a_depth_of_ones_own_stays(client: TestClient, twelve: str) -> None:
    answer = client.patch(f"/products/{twelve}", json={"settings": {"bit_depth": 14}})
    assert answer.json()["settings"]["bit_depth"] == 14
    client.post(f"/products/{twelve}/references", content=deep(5, 257))
    assert depth_of(client, twelve) == 14


def test_files_of_eight_bits_leave_banks_as_they_were(client: TestClient, flange: str) -> None:
    assert depth_of(client, flange) == 16
