"""Bodies that should hold images and do not quite."""

import pytest
from fastapi.testclient import TestClient

from tests.api.photographs import huge_png, photograph

BOUNDARY = "xyz"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(name: str, data: bytes, *, filename: str | None = "a.png") -> bytes:
    named = f'; filename="{filename}"' if filename else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize("endpoint", ["inspect", "references"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid-request"),
        (b"this is text", 415, "unsupported-image-type"),
        (photograph(suffix=".jpg")[:-200], 422, "image-truncated"),
        (photograph()[:-200], 422, "image-truncated"),
        (photograph()[:60] + bytes(40) + photograph()[100:], 422, "image-undecodable"),
        (photograph(width=8, height=8), 422, "image-too-small"),
        (huge_png(), 413, "image-too-large"),
    ],
    ids=["empty", "text", "cut JPEG", "cut PNG", "damaged", "tiny", "huge"],
)
def test_a_bad_file_is_refused_and_the_service_goes_on(
    client: TestClient, flange: str, endpoint: str, body: bytes, status: int, code: str
) -> None:
    answer = client.post(f"/products/{flange}/{endpoint}", content=body, headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert client.post(f"/products/{flange}/inspect", content=photograph(0)).status_code == 200


@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "video/mp4"]
)
def test_a_body_that_says_it_is_no_image_is_refused(client: TestClient, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    answer = client.post("/products/flange/inspect", content=photograph(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-image-type")


@pytest.mark.parametrize("media_type", ["application/octet-stream", "image/x-whatever", "IMAGE/PNG; a=b"])
def test_a_body_that_may_be_an_image_is_taken(client: TestClient, flange: str, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    assert client.post(f"/products/{flange}/inspect", content=photograph(), headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (END, "no field `image`"),
        (part("part_id", b"1", filename=None) + END, "no field `image`"),
        (part("file", photograph()) + END, "Unknown form field `file`"),
        (part("image", photograph()), "closing boundary"),
        (part("image", photograph())[:-400], "closing boundary"),
        (b"garbage", "boundary that the Content-Type names"),
        (part("part_id", b"1", filename=None) * 2 + part("image", photograph()) + END, "twice"),
        (part("part_id", b"\xff", filename=None) + part("image", photograph()) + END, "UTF-8"),
        (part("part_id", bytes(20_000), filename=None) + part("image", photograph()) + END, "too long"),
    ],
)
def test_a_wrong_form_is_refused_by_name(client: TestClient, form: bytes, words: str) -> None:
    answer = client.post("/products/flange/inspect", content=form, headers=FORM)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert words in answer.json()["detail"]


def test_an_empty_file_in_a_form_is_refused(client: TestClient, flange: str) -> None:
    answer = client.post(f"/products/{flange}/inspect", content=part("image", b"") + END, headers=FORM)
    assert (answer.status_code, "empty" in answer.json()["detail"]) == (400, True)


def test_a_form_without_a_boundary_is_refused(client: TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    answer = client.post("/products/flange/inspect", content=part("image", photograph()) + END, headers=headers)
    assert (answer.status_code, "boundary" in answer.json()["detail"]) == (400, True)


def test_a_part_without_a_file_name_is_an_image_too(client: TestClient, flange: str) -> None:
    form = part("image", photograph(), filename=None) + END
    assert client.post(f"/products/{flange}/inspect", content=form, headers=FORM).status_code == 200


def test_a_large_file_of_a_form_arrives_whole(client: TestClient) -> None:
    image = photograph(width=1200, height=1000)
    assert len(image) > 2**20
    client.post("/products/flange/references", files={"images": ("big.png", image)}).raise_for_status()
    [told] = client.get("/products/flange/references").json()["references"]
    assert told["size_bytes"] == len(image)
