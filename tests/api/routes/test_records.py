"""What was inspected, over HTTP."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.opened_store import opened_records
from app.service.records.records import RecordService
from app.settings import Settings, load_settings
from tests.api.metrics.samples import value
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.waiting import wait_until

OF_THE_ANSWER = (
    "inspection_id", "created_at", "product_id", "part_id", "station_id", "verdict", "score", "threshold",
    "bank_version", "backbone", "flags",
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "store", smaller_edge=112)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    service = tiny_service(settings, records=opened_records(settings))
    with TestClient(create_app(settings, service), client=("127.0.0.1", 50000)) as client:
        yield client


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


def inspect(client: TestClient, product: str, number: int, **ids: str) -> dict[str, object]:
    if client.get(f"/products/{product}").status_code == 404:
        client.post(f"/products/{product}/references", content=photograph(0)).raise_for_status()
    answer = client.post(f"/products/{product}/inspect", content=photograph(number), params=ids)
    answer.raise_for_status()
    told: dict[str, object] = answer.json()
    return told


def test_what_was_answered_is_on_record(client: TestClient) -> None:
    told = inspect(client, "flange", 1, part_id="SN/1", station_id="cam 2")
    record = client.get(f"/inspections/{told['inspection_id']}").json()
    assert {name: record[name] for name in OF_THE_ANSWER} == {name: told[name] for name in OF_THE_ANSWER}
    assert record["sha256"] == told["image"]["sha256"]  # type: ignore[index]
    assert record["details"]["regions"] == told["regions"]
    assert record["details"]["likeness"] == told["likeness"]


def test_pages_are_newest_first_and_join(client: TestClient) -> None:
    made = [inspect(client, ("flange", "nut")[number % 2], number)["inspection_id"] for number in range(5)]
    first = client.get("/inspections", params={"limit": 3}).json()
    second = client.get("/inspections", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    found = [each["inspection_id"] for each in first["inspections"] + second["inspections"]]
    assert found == made[::-1]
    assert second["next_cursor"] is None
    nuts = client.get("/inspections", params={"product_id": "nut"}).json()["inspections"]
    assert [each["inspection_id"] for each in nuts] == [made[3], made[1]]


def test_a_time_and_a_flag_choose(client: TestClient) -> None:
    told = inspect(client, "flange", 1)
    moment = str(told["created_at"])
    assert len(client.get("/inspections", params={"from": moment}).json()["inspections"]) == 1
    assert client.get("/inspections", params={"to": moment}).json()["inspections"] == []
    flag = told["flags"][0]  # type: ignore[index]
    assert len(client.get("/inspections", params={"flag": flag}).json()["inspections"]) == 1
    assert client.get("/inspections", params={"flag": "drift"}).json()["inspections"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "yesterday"), ("to", "2026-11-28T06:00:00"), ("cursor", "1"), ("verdict", "good"), ("flag", "x"),
        ("limit", "0"), ("min_score", "nan"), ("part", "1"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(client: TestClient, name: str, value: str) -> None:
    answer = client.get("/inspections", params={name: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert answer.json()["errors"][0]["parameter"] == name


def test_a_part_has_the_worst_of_the_newest_of_its_products(client: TestClient) -> None:
    client.post("/products/flange/references", content=photograph(0)).raise_for_status()
    version = client.get("/products/flange").json()["bank_version"]
    for threshold in (0.000001, 1.9):  # not ok at first, then looked at again
        client.patch(
            "/products/flange", json={"settings": {"threshold": {"value": threshold, "bank_version": version}}}
        )
        inspect(client, "flange", 1, part_id="SN/7")
    part = client.get("/parts/SN/7").json()
    assert [each["verdict"] for each in part["inspections"]] == ["ok", "not_ok"]
    assert part["verdict"] == "ok"
    needed = client.get("/parts/SN/7", params={"products": "flange,nut"}).json()
    assert (needed["verdict"], needed["missing"]) == ("incomplete", ["nut"])


def always_ok(client: TestClient, product: str) -> None:
    """A product with a threshold that nothing reaches."""
    client.post(f"/products/{product}/references", content=photograph(0)).raise_for_status()
    settings = {"threshold": {"value": 1.9, "bank_version": 1}}
    client.patch(f"/products/{product}", json={"settings": settings}).raise_for_status()


def test_a_part_is_not_released_by_a_key_that_may_not_see_all_of_it(client: TestClient) -> None:
    for product in ("flange", "nut"):
        always_ok(client, product)
        inspect(client, product, 1, part_id="SN/7")
    records: RecordService = client.app.state.service.records  # type: ignore[attr-defined]
    some, every = records.part("SN/7", products=frozenset({"flange"})), records.part("SN/7")
    assert [(each.verdict, each.hidden) for each in (some, every)] == [("incomplete", 1), ("ok", 0)]
    assert {each.product_id for each in (*some.newest, *some.inspections)} == {"flange"}


def test_a_part_is_not_released_while_records_wait(client: TestClient, settings: Settings) -> None:
    always_ok(client, "flange")
    inspect(client, "flange", 1, part_id="SN/7")
    assert client.get("/parts/SN/7").json()["verdict"] == "ok"
    with locked(settings):
        told = inspect(client, "flange", 1, part_id="SN/7")
        part, text = client.get("/parts/SN/7").json(), client.get("/metrics").text
    assert told["flags"][-1] == "unrecorded"  # type: ignore[index]
    assert (part["verdict"], part["waiting"]) == ("incomplete", True)
    assert (value(text, "inspector_records_spool_bytes") or 0) > 0
    wait_until(lambda: client.get("/parts/SN/7").json()["verdict"] == "ok")
    assert len(client.get("/inspections").json()["inspections"]) == 2


def test_an_export_is_a_table_that_no_spreadsheet_computes(client: TestClient) -> None:
    inspect(client, "flange", 1, part_id='=HYPERLINK("x"),"y"')
    answer = client.get("/inspections", headers={"Accept": "text/csv"})
    [row] = csv.DictReader(answer.text.splitlines())
    assert answer.headers["content-type"].startswith("text/csv")
    assert row["part_id"] == '\'=HYPERLINK("x"),"y"'
    assert float(row["score"]) == client.get("/inspections").json()["inspections"][0]["score"]


def test_what_callers_say_besides_is_kept_with_the_record(client: TestClient) -> None:
    told = inspect(client, "flange", 1, metadata='{"rework": true, "order": "=1+1", "layer": 2, "torque": 1.5}')
    record = client.get(f"/inspections/{told['inspection_id']}").json()
    expected = {"layer": 2, "order": "=1+1", "rework": True, "torque": 1.5}
    assert told["metadata"] == record["metadata"] == expected
    [row] = csv.DictReader(client.get("/inspections", headers={"Accept": "text/csv"}).text.splitlines())
    assert json.loads(row["metadata"]) == expected
    assert row["metadata"].startswith("{")


def test_an_export_as_json_lines_holds_every_record(client: TestClient) -> None:
    for number in range(3):
        inspect(client, "flange", number)
    lines = client.get("/inspections?limit=1", headers={"Accept": "application/x-ndjson"}).text.splitlines()
    listed = client.get("/inspections").json()["inspections"]
    assert [json.loads(each) for each in lines] == listed


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    answer = client.get("/inspections/none")
    assert (answer.status_code, answer.json()["code"]) == (404, "inspection-not-found")
    assert client.get("/parts/none").json()["code"] == "inspection-not-found"


def test_records_that_are_off_are_told(settings: Settings) -> None:
    with TestClient(create_app(settings, tiny_service(settings))) as client:
        assert inspect(client, "flange", 1)["verdict"]
        answer = client.get("/inspections")
    assert (answer.status_code, answer.json()["code"]) == (409, "records-off")
