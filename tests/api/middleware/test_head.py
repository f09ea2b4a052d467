"""HEAD is GET without the body."""

from fastapi.testclient import TestClient

PATHS = ["/health/live", "/health/ready", "/version", "/products", "/products/flange", "/products/flange/banks"]


def test_head_answers_as_get_without_a_body(client: TestClient, flange: str) -> None:
    assert flange
    for path in (*PATHS, "/docs", "/openapi.json", "/v1/products", "/products/nosuch"):
        head, whole = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (whole.status_code, b""), path
        assert head.headers["content-type"] == whole.headers["content-type"]
        assert head.headers.get("etag") == whole.headers.get("etag")


def test_head_is_not_allowed_where_get_is_not(client: TestClient) -> None:
    answer = client.head("/products/flange/inspect")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_wrong_method_is_told_that_head_is_right(client: TestClient) -> None:
    assert client.post("/health/live").headers["Allow"] == "GET, HEAD"
