"""Calibration over HTTP: images in, thresholds and promises out."""

import hashlib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.schemas.calibration import CalibrationBody
from app.engine.heatmap import encode_png
from app.engine.verdict.detection import Detection
from tests.api.photographs import photograph
from tests.evaluate.trees import part

CALIBRATION = "/products/flange/calibration"
IMAGES = f"{CALIBRATION}/images"


@pytest.fixture
def product(client: TestClient, flange: str) -> str:
    """Of one reference, masking off, alpha so large that three images are enough."""
    client.patch(f"/products/{flange}", json={"settings": {"masking": "off", "alpha": 0.25}}).raise_for_status()
    return flange


def sent(client: TestClient, seeds: range, *, is_good: bool = True) -> Any:
    files = [("images", (f"{seed}.png", photograph(seed))) for seed in seeds]
    answer = client.post(IMAGES, params={"is_good": is_good}, files=files)
    assert answer.status_code == 200, answer.text
    return answer.json()


def inspected(client: TestClient, seed: int, query: str = "?heatmap=none") -> Any:
    return client.post(f"/products/flange/inspect{query}", content=photograph(seed)).json()


@pytest.mark.usefixtures("product")
def test_held_out_images_make_a_product_of_one_reference_calibrated(client: TestClient) -> None:
    assert inspected(client, 9)["calibration"]["source"] is None
    told = sent(client, range(10, 13))
    assert set(told) == set(CalibrationBody.model_fields)
    assert (told["state"], told["source"], told["good_images"]) == ("calibrated", "calibrated", 3)
    assert told["expected_false_alarm_rate"] == 0.25
    assert told["progress"] == {"good": 3, "needed": 3, "allowed_alpha": 0.25}
    assert told["threshold"] == max(image["score"] for image in told["images"])
    answer = inspected(client, 9)
    assert answer["threshold"] == told["threshold"]
    assert answer["verdict"] == ("not_ok" if answer["score"] > told["threshold"] else "ok")
    assert answer["score_normalized"] == pytest.approx(answer["score"] / told["threshold"])
    assert 0 < answer["p_value"] <= 1
    assert client.get(CALIBRATION).json() == told
    product = client.get("/products/flange").json()
    assert product["calibration"] == {"state": "calibrated", "good": 3, "needed": 3}


@pytest.mark.usefixtures("product")
def test_too_few_images_are_told_with_the_alpha_that_they_allow(client: TestClient) -> None:
    told = sent(client, range(10, 12))
    assert (told["state"], told["threshold"]) == ("none", None)
    assert told["progress"] == {"good": 2, "needed": 3, "allowed_alpha": 0.3334}


@pytest.mark.usefixtures("product")
def test_bad_images_tell_how_many_are_found(client: TestClient) -> None:
    sent(client, range(10, 13))
    told = sent(client, range(20, 24), is_good=False)
    above = [image for image in told["images"] if not image["is_good"] and image["score"] > told["threshold"]]
    rate = Detection(len(above), 0, 4).detection_rate_95
    assert told["detection"] == {"found": len(above), "undecidable": 0, "bad": 4, "detection_rate_95": rate}
    assert inspected(client, 9)["calibration"]["detection"] == told["detection"]


@pytest.mark.usefixtures("product")
def test_good_images_of_one_session_are_told_beside_the_promise(client: TestClient) -> None:
    told = sent(client, range(10, 13))["sessions"]
    assert told["count"] == 1
    assert told["finding"].startswith("All 3 good images were sent in one session")


@pytest.mark.usefixtures("product")
def test_a_picture_tells_in_its_headers_where_to_confirm(client: TestClient) -> None:
    client.patch("/products/flange", json={"settings": {"commissioning": True}}).raise_for_status()
    answer = client.post("/products/flange/inspect", content=photograph(10), headers={"Accept": "image/png"})
    confirm = answer.headers["Commissioning-Confirm"]
    assert client.put(confirm, json={"is_good": True}).json()["progress"]["good"] == 1


@pytest.mark.usefixtures("product")
def test_an_image_is_confirmed_read_and_removed(client: TestClient) -> None:
    client.patch("/products/flange", json={"settings": {"commissioning": True}}).raise_for_status()
    kept = inspected(client, 10)["commissioning"]
    assert (kept["good"], kept["needed"]) == (0, 3)
    assert client.put(kept["confirm"], json={"is_good": True}).json()["progress"]["good"] == 1
    picture = client.get(kept["confirm"])
    assert (picture.content, picture.headers["Content-Type"]) == (photograph(10), "image/png")
    assert client.delete(kept["confirm"]).json()["images"] == []
    assert client.get(kept["confirm"]).json()["code"] == "calibration-image-not-found"
    sent(client, range(10, 13))
    assert client.delete(IMAGES).json()["images"] == []


@pytest.mark.usefixtures("product")
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("post", IMAGES, {}, 400, "invalid-request"),
        ("put", f"{IMAGES}/{'0' * 64}", {"json": {"is_good": True}}, 404, "calibration-image-not-found"),
        ("put", f"{IMAGES}/{'0' * 64}", {"json": {"is_good": "yes"}}, 400, "invalid-request"),
        ("delete", f"{IMAGES}/{'0' * 64}", {}, 404, "calibration-image-not-found"),
        ("put", f"{IMAGES}/{'0' * 64}", {"json": {"is_good": True, "is_godo": True}}, 400, "invalid-request"),
        ("get", f"{IMAGES}/zzz", {}, 404, "calibration-image-not-found"),
        ("post", f"{IMAGES}?is_good=true&x=1", {"content": photograph(10)}, 400, "invalid-request"),
        ("post", f"{IMAGES}?is_good=true", {"content": photograph(0)}, 409, "conflict"),
        ("post", f"{IMAGES}?is_good=true", {"content": b"no image"}, 415, "unsupported-image-type"),
        ("get", "/products/other/calibration", {}, 404, "product-not-found"),
        ("patch", "/products/flange", {"json": {"settings": {"alpha": 0.9}}}, 422, "invalid-settings"),
        ("patch", "/products/flange", {"json": {"settings": {"threshold": 0.3}}}, 422, "invalid-settings"),
    ],
)
def test_what_is_wrong_is_told(
    client: TestClient, method: str, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.request(method, path, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.usefixtures("product")
def test_a_manual_threshold_is_set_and_goes_stale(client: TestClient) -> None:
    threshold = {"value": 0.5, "bank_version": 1}
    client.patch("/products/flange", json={"settings": {"threshold": threshold}}).raise_for_status()
    answer = inspected(client, 9)
    assert (answer["threshold"], answer["calibration"]["source"], answer["flags"]) == (0.5, "manual", [])
    client.post("/products/flange/references", content=photograph(1)).raise_for_status()
    assert inspected(client, 9)["flags"] == ["threshold_stale"]
    assert client.get(CALIBRATION).json()["threshold_stale"] is True


def test_regions_name_the_reference_that_they_came_nearest_to(client: TestClient) -> None:
    references = [encode_png(part(seed)) for seed in range(4)]
    client.post("/products", json={"product_id": "disc", "settings": {"masking": "off"}}).raise_for_status()
    files = [("images", (f"{seed}.png", each)) for seed, each in enumerate(references)]
    client.post("/products/disc/references", files=files).raise_for_status()
    spotted = part(9)
    spotted[66:78, 74:86] = (250, 250, 30)
    answer = client.post("/products/disc/inspect?style=mask", content=encode_png(spotted)).json()
    assert answer["heatmap"]["colormap"] is None
    region = answer["regions"][0]
    box = region["box"]
    assert box["x"] <= 80 < box["x"] + box["width"]
    assert box["y"] <= 72 < box["y"] + box["height"]
    assert 0 < region["area_px"] <= box["width"] * box["height"]
    assert region["nearest"]["reference"] in {hashlib.sha256(each).hexdigest() for each in references}
    peaks = [each["peak"] for each in answer["regions"]]
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[-1] > client.get("/products/disc/calibration").json()["region_threshold"]


@pytest.mark.usefixtures("product")
def test_without_a_calibration_there_are_no_regions_and_no_mask(client: TestClient) -> None:
    assert inspected(client, 9)["regions"] is None
    refused = inspected(client, 9, "?style=mask")
    assert (refused["code"], "calibrate first" in refused["detail"]) == ("invalid-request", True)


@pytest.mark.usefixtures("product")
def test_a_photograph_of_more_than_a_mebibyte_calibrates(client: TestClient) -> None:
    large = photograph(10, width=900, height=700)
    assert len(large) > 2**20
    assert client.post(f"{IMAGES}?is_good=true", content=large).status_code == 200
