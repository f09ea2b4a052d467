"""What people say of inspected parts, over HTTP."""

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.main import create_app
from app.opened_store import opened_pictures, opened_records
from app.settings import Settings, load_settings
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.waiting import wait_until

ALWAYS, NEVER = 0.000001, 1.9
"""Thresholds that every part, and no part, lies above."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "store", smaller_edge=112)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    service = tiny_service(settings, records=opened_records(settings), pictures=opened_pictures(settings))
    with TestClient(create_app(settings, service), client=("127.0.0.1", 50000)) as client:
        for product in ("flange", "nut"):
            client.post(f"/products/{product}/references", content=photograph(0)).raise_for_status()
        yield client


def inspect(client: TestClient, threshold: float = ALWAYS, *, product: str = "flange", **ids: str) -> str:
    """The id of an inspection, `not_ok` or `ok` as the threshold says."""
    settings = {"threshold": {"value": threshold, "bank_version": 1}}
    client.patch(f"/products/{product}", json={"settings": settings}).raise_for_status()
    answer = client.post(f"/products/{product}/inspect", content=photograph(1), params=ids)
    answer.raise_for_status()
    return str(answer.json()["inspection_id"])


def say(client: TestClient, inspection: str, truth: str, **more: str) -> dict[str, Any]:
    answer = client.post(f"/inspections/{inspection}/feedback", json={"truth": truth, **more})
    assert answer.status_code == 201
    told: dict[str, Any] = answer.json()
    return told


def test_what_is_said_of_an_inspection_is_told_with_it(client: TestClient) -> None:
    inspection = inspect(client)
    before = client.get(f"/inspections/{inspection}").json()
    assert (before["truth"], before["feedback"]) == (None, [])
    first = say(client, inspection, "bad", comment="a scratch\nat the rim", by="Ada")
    second = say(client, inspection, "good")
    assert (first["comment"], first["by"], second["by"]) == ("a scratch\nat the rim", "Ada", None)
    told = client.get(f"/inspections/{inspection}").json()
    assert told == before | {"truth": "good", "feedback": [second, first]}


def test_inspections_are_found_by_what_was_said(client: TestClient) -> None:
    bad, good, nothing = (inspect(client) for _ in range(3))
    say(client, bad, "bad")
    say(client, good, "good")
    for truth, inspection in (("bad", bad), ("good", good), ("none", nothing)):
        [found] = client.get("/inspections", params={"truth": truth}).json()["inspections"]
        assert (found["inspection_id"], found["truth"]) == (inspection, None if truth == "none" else truth)
    lines = client.get("/inspections", headers={"Accept": "text/csv"}).text.splitlines()
    assert [row["truth"] for row in csv.DictReader(lines)] == ["", "good", "bad"]


@pytest.mark.parametrize(
    "body",
    [{}, {"truth": "perhaps"}, {"truth": "good", "by": "\x00"}, {"truth": "good", "comment": "x" * 2001},
     {"truth": "good", "comment": "a\x07b"}, {"truth": "good", "verdict": "ok"}, []],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(client: TestClient, body: object) -> None:
    inspection = inspect(client)
    answer = client.post(f"/inspections/{inspection}/feedback", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert client.get(f"/inspections/{inspection}").json()["feedback"] == []


def test_of_an_unknown_inspection_nothing_can_be_said(client: TestClient) -> None:
    answer = client.post("/inspections/0/feedback", json={"truth": "good"})
    assert (answer.status_code, answer.json()["code"]) == (404, "inspection-not-found")


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Nothing can be written while somebody else writes."""
    other = sqlite3.connect(settings.store_dir / "records" / "records.db")
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


def test_feedback_on_a_record_that_still_waits_is_to_be_sent_again(client: TestClient, settings: Settings) -> None:
    with locked(settings):
        inspection = inspect(client)
        answer = client.post(f"/inspections/{inspection}/feedback", json={"truth": "good"})
    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    assert "Send the feedback again" in answer.json()["detail"]
    wait_until(lambda: client.get(f"/inspections/{inspection}").status_code == 200)
    say(client, inspection, "good")


def test_a_part_that_somebody_calls_bad_is_not_ok(client: TestClient) -> None:
    missed = inspect(client, NEVER, part_id="SN/1")
    assert client.get("/parts/SN/1").json()["verdict"] == "ok"
    say(client, missed, "bad")
    part = client.get("/parts/SN/1").json()
    assert (part["verdict"], part["truth"], part["newest"][0]["verdict"]) == ("not_ok", "bad", "ok")


def test_a_part_that_was_called_bad_stays_so_until_a_later_inspection_is_called_good(client: TestClient) -> None:
    say(client, inspect(client, NEVER, part_id="SN/1"), "bad")
    again = inspect(client, NEVER, part_id="SN/1")
    assert client.get("/parts/SN/1").json()["verdict"] == "not_ok"
    say(client, again, "good")
    part = client.get("/parts/SN/1").json()
    assert (part["verdict"], part["truth"]) == ("ok", "good")


def test_the_newest_word_on_a_part_counts_of_whichever_inspection_it_is(client: TestClient) -> None:
    earlier, later = (inspect(client, NEVER, part_id="SN/1") for _ in range(2))
    say(client, later, "good")
    say(client, earlier, "bad")
    part = client.get("/parts/SN/1").json()
    assert (part["verdict"], part["truth"]) == ("not_ok", "bad")


def test_nobody_releases_a_part_by_calling_it_good(client: TestClient) -> None:
    say(client, inspect(client, ALWAYS, part_id="SN/1"), "good")
    part = client.get("/parts/SN/1").json()
    assert (part["verdict"], part["truth"]) == ("not_ok", "good")


def test_a_part_is_called_good_only_where_all_of_its_cameras_are(client: TestClient) -> None:
    say(client, inspect(client, NEVER, part_id="SN/1"), "good")
    inspect(client, NEVER, product="nut", part_id="SN/1")
    assert client.get("/parts/SN/1").json()["truth"] is None


def calibrate(client: TestClient, *, is_good: bool) -> Response:
    digest = sha256(photograph(1)).hexdigest()
    return client.put(f"/products/flange/calibration/images/{digest}", json={"is_good": is_good})


def test_a_part_that_was_called_good_calibrates_however_long_ago_it_was_inspected(client: TestClient) -> None:
    inspection = inspect(client)
    assert calibrate(client, is_good=True).status_code == 404
    say(client, inspection, "good")
    [image] = calibrate(client, is_good=True).json()["images"]
    assert (image["sha256"], image["is_good"]) == (sha256(photograph(1)).hexdigest(), True)


def test_a_photograph_calibrates_only_as_what_people_last_called_it(client: TestClient) -> None:
    say(client, inspect(client), "good")
    say(client, inspect(client), "bad")
    answer = calibrate(client, is_good=True)
    assert (answer.status_code, answer.json()["code"]) == (404, "calibration-image-not-found")
    assert "feedback" in answer.json()["detail"]
    assert calibrate(client, is_good=False).json()["images"][0]["is_good"] is False


def test_a_photograph_that_is_not_kept_has_to_be_sent(client: TestClient) -> None:
    say(client, inspect(client, NEVER), "good")  # it passed, and so no picture of it is kept
    assert calibrate(client, is_good=True).status_code == 404


def test_false_alarms_are_told_by_bank_version_and_day(client: TestClient) -> None:
    say(client, inspect(client, ALWAYS), "good")
    for truth in ("good", "good", "bad"):
        say(client, inspect(client, NEVER), truth)
    inspect(client, NEVER)
    inspect(client, ALWAYS, product="nut")
    told = client.get("/products/flange/feedback").json()
    [version], [day] = told["versions"], told["days"]
    assert version.pop("bank_version") == 1
    assert day.pop("day") == told["to"][:10]
    assert version == day
    assert version["verdicts"] == {
        "ok": {"inspected": 4, "good": 2, "bad": 1},
        "not_ok": {"inspected": 1, "good": 1, "bad": 0},
        "not_decidable": {"inspected": 0, "good": 0, "bad": 0},
    }
    assert version["false_alarms"]["estimate"] == pytest.approx(1 / (1 + 4 * 2 / 3))
    assert version["misses"]["estimate"] == 1
    assert (version["promised"], version["threshold_changed"], version["exceeded"]) == (None, True, None)


def test_false_alarms_stand_beside_what_was_promised(client: TestClient) -> None:
    for number in (2, 3):
        client.post("/products/flange/references", content=photograph(number)).raise_for_status()
    answer = client.post("/products/flange/inspect", content=photograph(5)).json()
    [version] = client.get("/products/flange/feedback").json()["versions"]
    assert version["promised"] == {name: answer["calibration"][name] for name in version["promised"]}
    assert (version["threshold_changed"], version["exceeded"]) == (False, False)


def test_of_a_product_that_never_was_nothing_is_told(client: TestClient) -> None:
    assert client.get("/products/flnge/feedback").json()["code"] == "product-not-found"
    assert client.get("/products/nut/feedback").json()["versions"] == []


@pytest.mark.parametrize(
    "span", [{"from": "2026-11-28T06:00:00Z", "to": "2026-11-28T06:00:00Z"}, {"from": "2020-01-01T00:00:00Z"}]
)
def test_a_time_that_is_none_or_too_long_is_refused(client: TestClient, span: dict[str, str]) -> None:
    answer = client.get("/products/flange/feedback", params=span)
    assert answer.status_code == 400
    assert "366 days" in answer.json()["detail"]
