"""References over HTTP."""

import hashlib

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service

REFERENCES = "/products/flange/references"


def form(*images: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("images", (f"{place}.png", image)) for place, image in enumerate(images)]


def test_many_images_of_a_form_are_registered_at_once(client: TestClient) -> None:
    images = [photograph(seed) for seed in range(3)]
    answer = client.post(REFERENCES, files=form(*images))
    told = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, "/products/flange/banks/1")
    assert (told["product_created"], told["bank_version"], told["reference_count"]) == (True, 1, 3)
    received = [(each["sha256"], each["already_present"]) for each in told["received"]]
    assert received == [(hashlib.sha256(image).hexdigest(), False) for image in images]


def test_one_raw_body_is_registered(client: TestClient) -> None:
    answer = client.post(REFERENCES, content=photograph(suffix=".jpg"), headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 201
    assert client.get(REFERENCES).json()["references"][0]["media_type"] == "image/jpeg"


def test_sending_the_same_images_again_changes_nothing(client: TestClient, flange: str) -> None:
    answer = client.post(f"/products/{flange}/references", content=photograph(0))
    told = answer.json()
    assert (answer.status_code, told["bank_version"], told["product_created"]) == (200, 1, False)
    assert told["received"][0]["already_present"] is True


def test_old_and_new_images_together_make_a_new_version(client: TestClient, flange: str) -> None:
    answer = client.post(f"/products/{flange}/references", files=form(photograph(0), photograph(1)))
    assert (answer.status_code, answer.json()["bank_version"]) == (201, 2)
    assert [image["already_present"] for image in answer.json()["received"]] == [True, False]


def test_a_list_tells_file_name_and_size(client: TestClient) -> None:
    client.post(REFERENCES, files=[("images", ("C:\\line 3\\gut.png", photograph(width=200, height=120)))])
    [told] = client.get(REFERENCES).json()["references"]
    assert (told["filename"], told["width"], told["height"]) == ("gut.png", 200, 120)
    assert told["size_bytes"] == len(photograph(width=200, height=120))


@pytest.mark.parametrize("accept", ["image/png", "image/*", "image/avif,image/*;q=0.9,*/*;q=0.1"])
def test_a_reference_comes_back_as_it_was_uploaded(client: TestClient, flange: str, accept: str) -> None:
    sha256 = hashlib.sha256(photograph(0)).hexdigest()
    answer = client.get(f"/products/{flange}/references/{sha256.upper()}", headers={"Accept": accept})
    assert (answer.content, answer.headers["Content-Type"]) == (photograph(0), "image/png")


def test_a_reference_is_described_in_json_by_default(client: TestClient, flange: str) -> None:
    sha256 = hashlib.sha256(photograph(0)).hexdigest()
    answer = client.get(f"/products/{flange}/references/{sha256}")
    assert (answer.json()["sha256"], answer.headers["Vary"]) == (sha256, "Accept")


def test_a_reference_cannot_be_had_in_another_format(client: TestClient, flange: str) -> None:
    sha256 = hashlib.sha256(photograph(0)).hexdigest()
    answer = client.get(f"/products/{flange}/references/{sha256}", headers={"Accept": "image/jpeg"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


@pytest.mark.parametrize("sha256", ["0" * 64, "x", "0" * 63 + "g", "0" * 65])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_reference_is_not_found(client: TestClient, flange: str, method: str, sha256: str) -> None:
    answer = client.request(method, f"/products/{flange}/references/{sha256}")
    assert (answer.status_code, answer.json()["code"]) == (404, "reference-not-found")


def test_a_removed_reference_makes_a_version_without_it(client: TestClient, flange: str) -> None:
    client.post(f"/products/{flange}/references", content=photograph(1))
    sha256 = hashlib.sha256(photograph(1)).hexdigest()
    told = client.delete(f"/products/{flange}/references/{sha256}").json()
    assert told == {"product_id": flange, "sha256": sha256, "bank_version": 3, "reference_count": 1}
    assert client.get(f"/products/{flange}/references/{sha256}").status_code == 404


def test_without_its_last_reference_a_product_is_not_ready(client: TestClient, flange: str) -> None:
    sha256 = hashlib.sha256(photograph(0)).hexdigest()
    assert client.delete(f"/products/{flange}/references/{sha256}").json()["reference_count"] == 0
    assert client.get(f"/products/{flange}").json()["ready"] is False
    answer = client.post(f"/products/{flange}/inspect", content=photograph(0))
    assert (answer.status_code, answer.json()["code"]) == (409, "no-references")


def test_more_images_than_allowed_are_refused_with_the_limit(client: TestClient) -> None:
    answer = client.post(REFERENCES, files=form(*(photograph(seed) for seed in range(5))))
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "too-many-images", 4)
    assert client.get("/products/flange").status_code == 404


def test_one_bad_image_among_good_ones_registers_none(client: TestClient) -> None:
    answer = client.post(REFERENCES, files=form(photograph(0), b"text", photograph(1)))
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-image-type")
    assert "1.png" in answer.json()["detail"]
    assert client.get("/products/flange").status_code == 404


def test_an_unknown_product_is_not_created_where_that_is_switched_off(settings: Settings) -> None:
    strict = settings.model_copy(update={"auto_create_products": False})
    with TestClient(create_app(strict, tiny_service(strict))) as client:
        answer = client.post(REFERENCES, content=photograph())
    assert (answer.status_code, answer.json()["code"]) == (404, "product-not-found")
