"""What was inspected of a product, counted, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.settings import Settings
from tests.api.routes.test_records import always_ok, client, inspect, locked, settings

__all__ = ["client", "settings"]

NOW = datetime.now(UTC)
HOUR = {"from": (NOW - timedelta(hours=1)).isoformat(), "to": (NOW + timedelta(hours=1)).isoformat()}


def statistics(client: TestClient, **query: str) -> dict[str, Any]:
    answer = client.get("/products/flange/statistics", params=HOUR | query)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return told


def test_what_was_inspected_is_counted(client: TestClient) -> None:
    always_ok(client, "flange")
    answers = [inspect(client, "flange", number) for number in range(3)]
    inspect(client, "nut", 1)
    told = statistics(client, bucket="hour")
    scores = sorted(float(str(each["score"])) for each in answers)
    assert (told["whole"]["inspections"], told["waiting"]) == (3, False)
    assert told["whole"]["verdicts"] == {"ok": 3, "not_ok": 0, "not_decidable": 0}
    assert [told["whole"]["score"][name] for name in ("min", "p50", "p99", "max")] == [*scores, scores[-1]]
    assert 0 < told["whole"]["took_ms"]["p5"] <= told["whole"]["took_ms"]["max"]
    assert [each["inspections"] for each in told["buckets"]].count(3) == 1
    assert sum(each["inspections"] for each in told["buckets"]) == 3


def test_buckets_are_told_by_the_clocks_of_the_place(client: TestClient) -> None:
    inspect(client, "flange", 1)
    query = {"from": "2026-10-24T12:00:00Z", "to": "2026-10-25T20:59:00Z", "tz": "Europe/Berlin"}
    days = statistics(client, **query)["buckets"]
    assert [each["from"] for each in days] == ["2026-10-24T14:00:00+02:00", "2026-10-25T00:00:00+02:00"]
    shifts = statistics(client, **query, bucket="shift", shifts="06:00,22:00")["buckets"]
    assert [each["shift"] for each in shifts] == ["06:00", "22:00", "06:00"]
    assert shifts[1]["to"] == "2026-10-25T06:00:00+01:00"
    assert (shifts[0]["inspections"], shifts[0]["score"], shifts[0]["flags"]) == (0, None, {})


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"from": "yesterday"}, 400, "invalid-request"), ({"to": "0001-01-01T00:00:00+14:00"}, 400, "invalid-request"),
        ({"to": HOUR["from"]}, 400, "invalid-request"), ({"bucket": "week"}, 400, "invalid-request"),
        ({"tz": "Mars"}, 400, "invalid-request"), ({"tz": "../../etc/passwd"}, 400, "invalid-request"),
        ({"tz": "Europe"}, 400, "invalid-request"), ({"bucket": "shift"}, 400, "invalid-request"),
        ({"shifts": "06:00"}, 400, "invalid-request"), ({"bucket": "shift", "shifts": "6"}, 400, "invalid-request"),
        ({"bucket": "shift", "shifts": "06:00,06:00"}, 400, "invalid-request"),
        ({"limit": "1"}, 400, "invalid-request"),
        ({"from": "1970-01-01T00:00:00Z", "bucket": "hour"}, 422, "too-much"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_told(client: TestClient, query: dict[str, str], status: int, code: str) -> None:
    answer = client.get("/products/flange/statistics", params=HOUR | query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_time_is_asked_for(client: TestClient) -> None:
    assert client.get("/products/flange/statistics").json()["errors"][0]["parameter"] == "from"


def test_a_product_that_never_was_is_not_told_as_idle(client: TestClient) -> None:
    answer = client.get("/products/flange/statistics", params=HOUR)
    assert (answer.status_code, answer.json()["code"]) == (404, "product-not-found")
    always_ok(client, "flange")
    assert statistics(client)["whole"]["inspections"] == 0


def test_a_deleted_product_has_its_statistics(client: TestClient) -> None:
    inspect(client, "flange", 1)
    client.delete("/products/flange").raise_for_status()
    assert statistics(client)["whole"]["inspections"] == 1


def test_what_is_not_on_record_yet_is_told(client: TestClient, settings: Settings) -> None:
    inspect(client, "flange", 1)
    with locked(settings):
        inspect(client, "flange", 2)
        told = statistics(client)
    assert (told["waiting"], told["whole"]["inspections"]) == (True, 1)
