"""Serial numbers that would become one are refused."""

import pytest
from fastapi.testclient import TestClient

from app.api.parsing.text import visible_text
from tests.api.photographs import photograph
from tests.api.test_uploads import END, FORM, part

INSPECT = "/products/flange/inspect"


@pytest.mark.parametrize("text", ["SN-1", "Teil 4711 ß", "零件", "🔩", "a\N{NO-BREAK SPACE}b"])
def test_what_can_be_seen_is_taken(text: str) -> None:
    assert visible_text(text) == text


@pytest.mark.parametrize("text", ["a\0", "a\n", "\t", "\x7f", "\x85", "\u2028", "\ud800"])
def test_what_cannot_be_seen_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        visible_text(text)


@pytest.mark.parametrize(
    "query",
    ["part_id=%E9", "part_id=%ED%A0%80", "part_id=%C0%80", "part_id=SN%00", "part_id=SN%0A1", "part_id=%EF%BF%BD",
     "station_id=%FF&part_id=1", "%FF=1", "heatmap=none%FF"],
)  # fmt: skip
def test_a_query_that_is_no_text_is_refused_by_name(client: TestClient, query: str) -> None:
    answer = client.post(f"{INSPECT}?{query}", content=photograph(1))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert query.partition("=")[0].replace("%FF", "ÿ") in [wrong["parameter"] for wrong in answer.json()["errors"]]


@pytest.mark.parametrize("data", [b"\xe9", b"\xff\xfe", b"SN\0", b"SN\r\n1", "\ufffd".encode(), b"\xed\xa0\x80"])
def test_a_form_field_that_is_no_text_is_refused_by_name(client: TestClient, data: bytes) -> None:
    form = part("part_id", data, filename=None) + part("image", photograph(1)) + END
    answer = client.post(INSPECT, content=form, headers=FORM)
    assert (answer.status_code, "part_id" in answer.json()["detail"]) == (400, True)


def test_a_name_in_json_is_as_visible(client: TestClient) -> None:
    for name in ('"a\\u0000"', '"\\ud800"'):
        answer = client.put(
            "/products/flange", content=f'{{"display_name": {name}}}', headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
