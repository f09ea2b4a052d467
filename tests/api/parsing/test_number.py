"""Numbers of any length, wherever one is taken, are answered by 4xx."""

import pytest
from fastapi.testclient import TestClient

from tests.api.photographs import photograph

JSON = {"Content-Type": "application/json"}
NUMBERS = ["9" * digits for digits in (11, 4000, 5000)]


@pytest.mark.parametrize("number", NUMBERS, ids=len)
def test_an_etag_of_many_digits_is_none(client: TestClient, flange: str, number: str) -> None:
    for etag in (f'"{number}"', number, f'W/"{number}"', f'"{number}", "1"', f'"-{number}"', '"\N{SUPERSCRIPT TWO}"'):
        headers = {b"Content-Type": b"application/json", b"If-Match": etag.encode("latin-1")}
        answer = client.patch(f"/products/{flange}", content=b"{}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition-failed"), etag[:20]


def test_two_headers_if_match_are_a_list(client: TestClient, flange: str) -> None:
    headers = [("Content-Type", "application/json"), ("If-Match", '"1"'), ("If-Match", '"7"')]
    assert client.patch(f"/products/{flange}", content=b"{}", headers=headers).status_code == 412


@pytest.mark.parametrize("number", NUMBERS, ids=len)
def test_a_parameter_of_many_digits_is_refused(client: TestClient, number: str) -> None:
    for method, path in (
        ("GET", "/products?limit="),
        ("GET", "/products/flange/banks/"),
        ("POST", "/products/flange/inspect?bank_version="),
        ("POST", "/products/flange/inspect?size="),
        ("POST", "/products/flange/references/trim?share="),
        ("POST", "/zero-shot?smaller_edge="),
    ):
        answer = client.request(method, path + number, content=photograph(1) if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request"), path
    assert client.post(f"/products/flange/banks/{number}/activate").status_code == 400
    assert client.get(f"/jobs/{'0' * 32}/heatmaps/{number}.png").status_code == 400


@pytest.mark.parametrize("number", NUMBERS, ids=len)
def test_a_setting_of_many_digits_is_refused(client: TestClient, number: str) -> None:
    for given in (
        f'"smaller_edge": {number}',
        f'"threshold": {{"value": 1, "bank_version": {number}}}',
        f'"statistic": {{"name": "mean_topk", "k": {number}}}',
        f'"alpha": {number}',
    ):
        answer = client.put("/products/flange", content=f'{{"settings": {{{given}}}}}', headers=JSON)
        assert answer.status_code in (400, 422), given[:20]
