"""Inspection over HTTP."""

import base64
import hashlib
import json
import time

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from numpy.typing import NDArray

from app.api.schemas.inspections import InspectionBody
from tests.api.photographs import photograph

INSPECT = "/products/flange/inspect"


def picture(png: bytes) -> NDArray[np.generic]:
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return decoded


@pytest.fixture
def answer(client: TestClient, flange: str) -> Response:
    return client.post(f"/products/{flange}/inspect", content=photograph(1), headers={"Content-Type": "image/png"})


def test_the_answer_has_every_field_and_no_other(answer: Response) -> None:
    told = answer.json()
    assert answer.status_code == 200
    assert set(told) == set(InspectionBody.model_fields)
    assert (told["product_id"], told["bank_version"], told["backbone"]) == ("flange", 1, "tiny")
    assert told["image"] == {"width": 160, "height": 128, "sha256": hashlib.sha256(photograph(1)).hexdigest()}


def test_every_stage_between_the_first_byte_and_the_answer_is_timed(client: TestClient, flange: str) -> None:
    started = time.perf_counter()
    timings_ms = client.post(f"/products/{flange}/inspect", content=photograph(1)).json()["timings_ms"]
    assert list(timings_ms) == [
        "receive", "wait", "bank", "decode", "preprocess", "backbone", "mask", "search", "score", "heatmap", "keep",
        "answer",
    ]  # fmt: skip
    assert 0 < sum(timings_ms.values()) <= 1000 * (time.perf_counter() - started)


def test_the_batch_and_the_wait_for_it_are_told(client: TestClient, flange: str) -> None:
    told = client.post(f"/products/{flange}/inspect", content=photograph(1)).json()
    assert told["batch"]["size"] == 1
    assert 0 <= told["batch"]["wait_ms"] <= told["timings_ms"]["backbone"]


def test_what_the_authors_crop_leaves_out_is_told(client: TestClient) -> None:
    settings = {"profile": "paper", "masking": "off", "smaller_edge": 125}
    client.put("/products/flange", json={"settings": settings}).raise_for_status()
    client.post("/products/flange/references", content=photograph(0)).raise_for_status()
    told = client.post(INSPECT, content=photograph(1)).json()
    assert told["unseen_edge"] == {"right_px": 2, "bottom_px": 13}
    assert "edge_unseen" in told["flags"]
    assert f"{100 * told['heatmap']['unseen_share']:.1f} % of the image" in told["heatmap"]["legend"]["black (0)"]


def test_without_calibration_nothing_is_decided(answer: Response) -> None:
    told = answer.json()
    assert (told["verdict"], told["calibration"]["state"], told["threshold"]) == ("not_decidable", "none", None)
    assert "uncalibrated" in told["flags"]


def test_the_heatmap_is_a_png_of_the_size_told(answer: Response) -> None:
    told = answer.json()["heatmap"]
    assert (told["media_type"], told["style"], told["colormap"]) == ("image/png", "heat", "inferno")
    assert picture(base64.b64decode(told["data"])).shape[:2] == (told["height"], told["width"])
    assert told["scale"]["max"] > told["scale"]["min"] == 0


def test_a_form_gives_the_same_score_as_a_raw_body(client: TestClient, answer: Response) -> None:
    form = client.post(INSPECT, files={"image": ("part.png", photograph(1))}, data={"part_id": "4711"})
    assert (form.json()["score"], form.json()["part_id"]) == (answer.json()["score"], "4711")


def test_the_score_is_not_rounded(client: TestClient, answer: Response) -> None:
    png = client.post(INSPECT, content=photograph(1), headers={"Accept": "image/png"})
    assert float(png.headers["Anomaly-Score"]) == answer.json()["score"]
    assert len(repr(answer.json()["score"])) > 10


def test_a_reference_itself_scores_almost_zero(client: TestClient, flange: str) -> None:
    assert client.post(f"/products/{flange}/inspect", content=photograph(0)).json()["score"] < 1e-5


def test_the_png_itself_carries_the_result_in_headers(client: TestClient, flange: str) -> None:
    answer = client.post(f"/products/{flange}/inspect", content=photograph(1), headers={"Accept": "image/png"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert picture(answer.content).shape[:2] == (112, 140)
    assert (answer.headers["Anomaly-Verdict"], answer.headers["Bank-Version"]) == ("not_decidable", "1")
    assert answer.headers["Inspection-Id"]
    assert "Anomaly-Threshold" not in answer.headers
    assert answer.headers["Anomaly-Flags"] == "uncalibrated"


@pytest.mark.parametrize(
    ("query", "shape"),
    [
        ("style=heat&size=map", (112, 140, 3)),
        ("style=overlay&size=image", (128, 160, 3)),
        ("style=gray16&size=image", (128, 160)),
        ("size=64", (64, 80, 3)),
    ],
)
def test_the_heatmap_comes_as_asked(client: TestClient, flange: str, query: str, shape: tuple[int, ...]) -> None:
    answer = client.post(f"/products/{flange}/inspect?{query}", content=photograph(1), headers={"Accept": "image/png"})
    drawn = picture(answer.content)
    assert drawn.shape == shape
    assert drawn.dtype == (np.uint16 if "gray16" in query else np.uint8)


def test_grey_has_no_colormap(client: TestClient, flange: str) -> None:
    told = client.post(f"/products/{flange}/inspect?style=gray16", content=photograph(1)).json()
    assert told["heatmap"]["colormap"] is None


def test_no_heatmap_is_drawn_where_none_is_wanted(client: TestClient, flange: str) -> None:
    assert client.post(f"/products/{flange}/inspect?heatmap=none", content=photograph(1)).json()["heatmap"] is None


def test_ids_of_the_query_come_back(client: TestClient, flange: str) -> None:
    query = {"part_id": "Teil 4711 ß", "meas_id": "m", "station_id": "s"}
    told = client.post(f"/products/{flange}/inspect", params=query, content=photograph(1)).json()
    assert {name: told[name] for name in query} == query


def test_metadata_of_a_form_comes_back(client: TestClient, flange: str) -> None:
    files, fields = {"image": ("part.png", photograph(1))}, {"metadata": '{"b": 1, "a": "ß"}'}
    told = client.post(f"/products/{flange}/inspect", files=files, data=fields).json()
    assert told["metadata"] == {"a": "ß", "b": 1}
    assert client.post(f"/products/{flange}/inspect", content=photograph(1)).json()["metadata"] == {}


def test_the_same_metadata_may_stand_in_query_and_form_but_no_other(client: TestClient, flange: str) -> None:
    def status(in_form: str) -> int:
        files, fields = {"image": ("part.png", photograph(1))}, {"metadata": in_form}
        query = {"metadata": '{"a":1,"b":2}'}
        return client.post(f"/products/{flange}/inspect", files=files, data=fields, params=query).status_code

    assert [status('{"b": 2, "a": 1}'), status('{"b": 2, "a": true}'), status("{}")] == [200, 400, 400]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ("{}x", 400, "invalid-request"),
        ('{"a": []}', 400, "invalid-request"),
        (json.dumps({"a": 300 * "x"}), 422, "too-much"),
        (json.dumps({"a": 5000 * "x"}), 422, "too-much"),
    ],
)
@pytest.mark.parametrize("where", ["query", "form"])
def test_wrong_metadata_is_told(
    client: TestClient, flange: str, where: str, given: str, status: int, code: str
) -> None:
    in_query, in_form = ({"metadata": given} if where == each else {} for each in ("query", "form"))
    files = {"image": ("part.png", photograph(1))}
    answer = client.post(f"/products/{flange}/inspect", files=files, params=in_query, data=in_form)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "metadata" in answer.json()["detail"]


def test_a_pinned_bank_version_answers(client: TestClient, flange: str) -> None:
    client.post(f"/products/{flange}/references", content=photograph(1))
    pinned = client.post(f"/products/{flange}/inspect?bank_version=1", content=photograph(1)).json()
    newest = client.post(f"/products/{flange}/inspect", content=photograph(1)).json()
    assert (pinned["bank_version"], newest["bank_version"]) == (1, 2)
    assert newest["score"] < 1e-5 < pinned["score"]


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".tiff", ".webp"])
def test_the_first_bytes_decide_the_type(client: TestClient, flange: str, suffix: str) -> None:
    image = photograph(1, suffix=suffix)
    answer = client.post(f"/products/{flange}/inspect", content=image, headers={"Content-Type": "image/png"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("heatmap=linked", "heatmap"),
        ("style=rainbow", "style"),
        ("size=31", "size"),
        ("size=4097", "size"),
        ("size=big", "size"),
        ("bank_version=0", "bank_version"),
        (f"part_id={'x' * 201}", "part_id"),
        ("bank_verison=1", "bank_verison"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(client: TestClient, query: str, parameter: str) -> None:
    answer = client.post(f"{INSPECT}?{query}", content=photograph(1))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert [wrong["parameter"] for wrong in answer.json()["errors"]] == [parameter]


def test_a_long_id_in_the_form_is_refused_by_name(client: TestClient) -> None:
    answer = client.post(INSPECT, files={"image": photograph(1)}, data={"meas_id": "x" * 201})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "meas_id")


@pytest.mark.parametrize("name", ["part_id", "meas_id", "station_id"])
@pytest.mark.parametrize(("in_query", "status"), [("b", 400), ("a ", 400), ("a", 200)])
@pytest.mark.usefixtures("flange")
def test_an_id_may_not_differ_between_query_and_form(client: TestClient, name: str, in_query: str, status: int) -> None:
    answer = client.post(INSPECT, params={name: in_query}, files={"image": photograph(1)}, data={name: "a"})
    assert answer.status_code == status
    assert status == 200 or name in answer.json()["detail"]


def test_two_images_are_one_too_many(client: TestClient) -> None:
    form = [("image", ("1.png", photograph(1))), ("image", ("2.png", photograph(2)))]
    answer = client.post(INSPECT, files=form)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert "One image per inspection" in answer.json()["detail"]


def test_a_picture_cannot_be_had_without_a_heatmap(client: TestClient) -> None:
    answer = client.post(f"{INSPECT}?heatmap=none", content=photograph(1), headers={"Accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


def test_another_format_cannot_be_had(client: TestClient) -> None:
    answer = client.post(INSPECT, content=photograph(1), headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


def test_an_unknown_product_is_not_found(client: TestClient) -> None:
    answer = client.post("/products/nosuch/inspect", content=photograph(1))
    assert (answer.status_code, answer.json()["code"]) == (404, "product-not-found")


def test_an_unknown_version_is_not_found(client: TestClient, flange: str) -> None:
    answer = client.post(f"/products/{flange}/inspect?bank_version=9", content=photograph(1))
    assert (answer.status_code, answer.json()["code"]) == (404, "bank-not-found")


def test_a_product_without_references_cannot_inspect(client: TestClient) -> None:
    client.put("/products/flange", json={})
    answer = client.post(INSPECT, content=photograph(1))
    assert (answer.status_code, answer.json()["code"]) == (409, "no-references")
