"""The masking test over HTTP."""

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient


def test_verdict_numbers_and_setting_are_told(client: TestClient, flange: str) -> None:
    told = client.get(f"/products/{flange}/masking").json()
    assert (told["product_id"], told["setting"]) == (flange, "auto")
    assert told["applied"] == told["accepted"]
    assert told["numbers"]
    assert told == client.get(f"/products/{flange}").json()["masking"]


def test_the_preview_is_a_png(client: TestClient, flange: str) -> None:
    answer = client.get(f"/products/{flange}/masking", headers={"Accept": "image/png"})
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert answer.headers["Content-Type"] == "image/png"
    assert picture is not None


@pytest.mark.parametrize(("setting", "applied"), [("on", True), ("off", False)])
def test_the_setting_overrides_the_verdict(client: TestClient, flange: str, setting: str, applied: bool) -> None:
    client.patch(f"/products/{flange}", json={"settings": {"masking": setting}}).raise_for_status()
    told = client.get(f"/products/{flange}/masking").json()
    assert (told["setting"], told["applied"]) == (setting, applied)


def test_the_test_runs_again_on_request(client: TestClient, flange: str) -> None:
    before = client.get(f"/products/{flange}/masking").json()
    answer = client.post(f"/products/{flange}/masking")
    assert (answer.status_code, answer.json()["numbers"]) == (200, before["numbers"])
    assert client.get(f"/products/{flange}").json()["bank_version"] == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_before_the_first_registration_there_is_no_verdict(client: TestClient, method: str) -> None:
    client.put("/products/flange", json={})
    answer = client.request(method, "/products/flange/masking")
    assert (answer.status_code, answer.json()["code"]) == (409, "no-references")


def test_another_format_cannot_be_had(client: TestClient, flange: str) -> None:
    answer = client.get(f"/products/{flange}/masking", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")
