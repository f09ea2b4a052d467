"""The main job over real HTTP: register, inspect, look at the heatmap, roll back."""

import hashlib

import cv2
import httpx2
import numpy as np
import pytest

from tests.api.photographs import photograph

REFERENCES = [photograph(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def registered(client: httpx2.Client) -> httpx2.Response:
    return client.post(
        "/products/cover/references", files=[("images", (f"{n}.png", i)) for n, i in enumerate(REFERENCES)]
    )


def test_the_server_is_ready_and_names_its_backbone(client: httpx2.Client) -> None:
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["backbone"]["name"] == client.get("/version").json()["backbone"]["name"] != ""


def test_references_are_registered_once(client: httpx2.Client, registered: httpx2.Response) -> None:
    assert (registered.status_code, registered.json()["reference_count"]) == (201, 3)
    again = client.post("/products/cover/references", content=REFERENCES[1])
    assert (again.status_code, again.json()["bank_version"]) == (200, registered.json()["bank_version"])


@pytest.mark.usefixtures("registered")
def test_a_known_part_scores_lower_than_an_unknown_one(client: httpx2.Client) -> None:
    scores = [
        client.post("/products/cover/inspect", content=image).json()["score"]
        for image in (REFERENCES[0], photograph(9))
    ]
    assert scores[0] < 1e-3 < scores[1]


@pytest.mark.usefixtures("registered")
def test_the_heatmap_comes_as_a_picture_of_the_image_size(client: httpx2.Client) -> None:
    answer = client.post(
        "/products/cover/inspect?style=overlay&size=image", content=photograph(9), headers={"Accept": "image/png"}
    )
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (128, 160, 3)
    assert float(answer.headers["Anomaly-Score"]) > 0


@pytest.mark.usefixtures("registered")
def test_an_older_bank_serves_after_a_rollback(client: httpx2.Client) -> None:
    sha256 = hashlib.sha256(REFERENCES[2]).hexdigest()
    client.delete(f"/products/cover/references/{sha256}").raise_for_status()
    without = client.post("/products/cover/inspect?heatmap=none", content=REFERENCES[2]).json()
    client.post("/products/cover/banks/1/activate").raise_for_status()
    restored = client.post("/products/cover/inspect?heatmap=none", content=REFERENCES[2]).json()
    assert restored["bank_version"] == 1 < without["bank_version"]
    assert restored["score"] < without["score"]


@pytest.mark.usefixtures("registered")
def test_the_documentation_lists_every_resource(client: httpx2.Client) -> None:
    assert "/products/{product_id}/inspect" in client.get("/openapi.json").json()["paths"]
    assert client.get("/docs").status_code == 200
