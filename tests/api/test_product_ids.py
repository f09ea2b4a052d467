"""Product ids become folder names, so the edge lets nothing else through."""

import pytest
from fastapi.testclient import TestClient

BAD = ["..", ".hidden", "-x", "_x", "a" * 65, "a" * 300, "a b", "é", "a%0A", "a\\b", "a%00", "a;b", "%252e"]


@pytest.mark.parametrize("product_id", BAD)
@pytest.mark.parametrize("path", ["/products/{}/inspect", "/products/{}/references", "/v1/products/{}/references"])
def test_a_bad_id_in_the_path_is_refused(client: TestClient, product_id: str, path: str) -> None:
    encoded = product_id.replace("..", "%2e%2e").replace("\\", "%5C").replace(" ", "%20")
    answer = client.post(path.format(encoded), content=b"x", headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-product-id")


@pytest.mark.parametrize("product_id", ["", "..", "../x", "a/b", "a" * 300, "a b", 7])
def test_a_bad_id_in_the_body_is_refused(client: TestClient, product_id: object) -> None:
    answer = client.post("/products", json={"product_id": product_id})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-product-id")


@pytest.mark.parametrize(
    "path",
    [
        "/products/..%2Fx",
        "/products/%2e%2e/x",
        "/products/%2E/inspect",
        "/products/..%2fx/inspect",
        "/products/a%2Finspect",
        "/v1/products/a%2F",
    ],
)
def test_a_path_that_is_not_what_it_looks_like_is_refused(client: TestClient, path: str) -> None:
    answer = client.post(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-product-id")


@pytest.mark.parametrize("product_id", ["a", "A-1_b.c", "0", "a" * 64])
def test_a_good_id_is_taken_as_it_is(client: TestClient, product_id: str) -> None:
    assert client.put(f"/products/{product_id}", json={}).json()["product_id"] == product_id
