"""What is said of references over HTTP."""

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.engine.heatmap import encode_png
from tests.evaluate.trees import part

REFERENCES = "/products/disc/references"


@pytest.fixture
def disc(client: TestClient) -> str:
    files = [("images", (f"{seed}.png", encode_png(part(seed)))) for seed in range(3)]
    told = client.post(REFERENCES, files=files).json()
    assert [each["findings"] for each in told["received"]] == [[], [], []]
    return REFERENCES


def blurred() -> bytes:
    return encode_png(np.asarray(cv2.GaussianBlur(part(9), (0, 0), 4), np.uint8))


def test_unfit_photographs_are_refused_on_request(client: TestClient, disc: str) -> None:
    refused = client.post(f"{disc}?unfit=refuse", content=blurred())
    assert (refused.status_code, refused.json()["code"]) == (422, "unfit-reference")
    told = client.post(disc, content=blurred())
    [received] = told.json()["received"]
    assert (told.status_code, received["findings"][0]["kind"]) == (201, "blurred")
    assert received["findings"][0]["numbers"]["sharpness"] < received["findings"][0]["numbers"]["limit"]


def test_photographs_that_show_nothing_are_refused_on_request(client: TestClient) -> None:
    grey = encode_png(np.full((144, 160, 3), 128, np.uint8))
    refused = client.post("/products/blank/references?unfit=refuse", content=grey)
    assert (refused.status_code, refused.json()["code"]) == (422, "unfit-reference")
    assert "shows nothing" in refused.json()["detail"]


def test_quality_is_told_of_every_reference(client: TestClient, disc: str) -> None:
    told = client.get(f"{disc}/quality").json()
    assert [set(each) for each in told["references"]] == [{"sha256", "filename", "findings", "suspicion", "adds"}] * 3
    assert len(told["coverage"]["scores"]) == 2
    assert told["coverage"]["adds_least"] in {each["sha256"] for each in told["references"]}


def test_trimming_can_be_tried_first(client: TestClient, disc: str) -> None:
    files = [("images", (f"{seed}.png", encode_png(part(seed)))) for seed in range(3, 6)]
    client.post(disc, files=files).raise_for_status()
    tried = client.post(f"{disc}/trim?share=0.2&dry_run=true").json()
    assert (len(tried["removed"]), tried["reference_count"], tried["bank_version"]) == (1, 6, 2)
    done = client.post(f"{disc}/trim?share=0.2").json()
    assert (done["removed"], done["reference_count"], done["bank_version"]) == (tried["removed"], 5, 3)
    assert client.post(f"{disc}/trim?share=0.9").status_code == 400


@pytest.mark.parametrize("query", ["trim?dryrun=true", "trim?share=0.9", "?unfitt=refuse"])
def test_a_mistyped_parameter_changes_nothing(client: TestClient, disc: str, query: str) -> None:
    path = f"{disc}{query}" if query.startswith("?") else f"{disc}/{query}"
    assert client.post(path, content=encode_png(part(7))).status_code == 400
    assert len(client.get(disc).json()["references"]) == 3
