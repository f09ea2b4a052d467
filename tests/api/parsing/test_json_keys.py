"""A key that stands twice in JSON has two values, of which one would be lost."""

import pytest
from fastapi.testclient import TestClient

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ('{"display_name": "a", "display_name": "b"}', "display_name"),
        ('{"settings": {"alpha": 0.05, "alpha": 0.5}}', "alpha"),
        ('{"settings": {}, "metadata": {"a": [{"b": 1, "b": 1}]}, "settings": {}}', "b"),
        ('{"display_name": "a", "display\\u005fname": "b"}', "display_name"),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_name(client: TestClient, body: str, key: str) -> None:
    answer = client.put("/products/flange", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert f"'{key}' twice" in answer.json()["detail"]


def test_the_same_key_in_two_objects_is_taken(client: TestClient) -> None:
    body = '{"metadata": {"a": {"x": 1}, "b": {"x": 2}}}'
    assert client.put("/products/flange", content=body, headers=JSON).status_code == 201
