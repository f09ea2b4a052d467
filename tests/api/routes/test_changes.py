"""Who changed what, over HTTP."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.api.middleware.changes import CHANGE, name_in
from app.errors import InvalidRequest
from app.main import create_app
from app.opened_store import opened_records
from app.settings import Settings, load_settings
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.waiting import wait_until

NO_CHANGES = {
    "inspect", "score_batch", "delete_job", "load_product", "give_feedback", "send_batch", "end_job",
    "inspect_photograph", "log_in", "log_out",
}  # fmt: skip
"""What asks for work, or is a record itself, and leaves every product as it is."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "store", smaller_edge=112)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    service = tiny_service(settings, records=opened_records(settings))
    with TestClient(create_app(settings, service), client=("127.0.0.1", 50000)) as client:
        yield client


def changes(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    """The newest first."""
    told: list[dict[str, Any]] = client.get(f"/changes{query}").raise_for_status().json()["changes"]
    return told


def test_changed_settings_are_told_as_they_were_and_as_they_are(client: TestClient) -> None:
    client.post("/products", json={"product_id": "flange"}).raise_for_status()
    headers = {"Changed-By": "Ann, shift 2", "X-Request-ID": "r-7"}
    client.patch("/products/flange", json={"settings": {"alpha": 0.01}}, headers=headers).raise_for_status()
    newest, created = changes(client)
    assert (newest["action"], newest["request"]) == ("change_product", "PATCH /products/flange")
    assert (newest["product_id"], newest["by"], newest["request_id"]) == ("flange", "Ann, shift 2", "r-7")
    assert (newest["outcome"], newest["error"]) == ("made", None)
    assert newest["before"] == {"settings": {"alpha": 0.05}, "revision": 1}
    assert newest["after"] == {"settings": {"alpha": 0.01}, "revision": 2}
    assert (created["action"], created["before"]) == ("create_product", None)
    assert created["after"]["settings"]["alpha"] == 0.05


def test_settings_are_named_as_the_product_names_them(client: TestClient) -> None:
    product = client.post("/products", json={"product_id": "flange"}).raise_for_status().json()
    (created,) = changes(client)
    assert created["after"]["settings"] == product["settings"]


def test_references_and_bank_versions_are_told(client: TestClient) -> None:
    for number in (1, 2):
        client.post("/products/flange/references", content=photograph(number)).raise_for_status()
    client.post("/products/flange/banks/1/activate").raise_for_status()
    back, second, first = changes(client)
    assert first["after"]["reference_count"] == 1
    assert (second["before"]["bank_version"], second["after"]["bank_version"]) == (1, 2)
    assert (second["before"]["reference_count"], second["after"]["reference_count"]) == (1, 2)
    assert (back["action"], back["after"]["bank_version"]) == ("activate_bank", 1)
    assert back["request"] == "POST /products/flange/banks/1/activate"


def test_calibration_images_are_told(client: TestClient) -> None:
    client.post("/products/flange/references", content=photograph(1)).raise_for_status()
    client.post("/products/flange/calibration/images?is_good=true", content=photograph(2)).raise_for_status()
    newest = changes(client)[0]
    assert newest["request"] == "POST /products/flange/calibration/images?is_good=true"
    assert (newest["before"]["calibration_images"], newest["after"]["calibration_images"]) == ({"good": 0}, {"good": 1})


def test_a_deletion_is_told_with_what_there_was(client: TestClient) -> None:
    client.post("/products", json={"product_id": "flange", "display_name": "Flange"}).raise_for_status()
    client.delete("/products/flange?purge=true").raise_for_status()
    newest = changes(client)[0]
    assert (newest["request"], newest["outcome"]) == ("DELETE /products/flange?purge=true", "made")
    assert (newest["before"]["display_name"], newest["after"]) == ("Flange", None)


@pytest.mark.parametrize("alpha", [2, "a lot"])
def test_a_change_that_failed_is_told_with_its_error(client: TestClient, alpha: object) -> None:
    client.post("/products", json={"product_id": "flange"}).raise_for_status()
    answer = client.patch("/products/flange", json={"settings": {"alpha": alpha}})
    newest = changes(client)[0]
    assert (newest["outcome"], newest["error"]) == ("failed", answer.json()["code"])
    assert newest["before"] == newest["after"] == {}


def test_a_change_that_waits_on_the_disk_is_made_and_found_later(client: TestClient, settings: Settings) -> None:
    other = sqlite3.connect(settings.store_dir / "records" / "records.db")
    other.execute("BEGIN IMMEDIATE")
    client.post("/products", json={"product_id": "flange"}).raise_for_status()
    other.rollback()
    other.close()
    wait_until(lambda: [each["outcome"] for each in changes(client)] == ["made"])


def test_a_change_whose_end_nobody_wrote_is_unknown(client: TestClient, settings: Settings) -> None:
    client.post("/products", json={"product_id": "flange"}).raise_for_status()
    with sqlite3.connect(settings.store_dir / "records" / "records.db") as other:
        other.execute("DELETE FROM change_ends")
    (change,) = changes(client)
    assert (change["outcome"], change["after"]) == ("unknown", None)


def test_changes_are_found_by_product_action_and_time(client: TestClient) -> None:
    for name in ("flange", "cover"):
        client.post("/products", json={"product_id": name}).raise_for_status()
    client.delete("/products/cover").raise_for_status()
    assert len(changes(client, "?product_id=cover")) == 2
    assert [each["product_id"] for each in changes(client, "?action=delete_product")] == ["cover"]
    assert changes(client, "?to=2020-01-01T00:00:00Z") == []
    page = client.get("/changes?limit=2").json()
    assert len(changes(client, f"?cursor={page['next_cursor']}")) == 1


@pytest.mark.parametrize("by", ["a\x07b", "x" * 201])
def test_a_name_that_cannot_be_kept_is_refused_and_nothing_changed(client: TestClient, by: str) -> None:
    answer = client.post("/products", json={"product_id": "flange"}, headers={"Changed-By": by})
    assert answer.status_code in (400, 422)
    assert "hanged-" in answer.text
    assert client.get("/products/flange").status_code == 404
    assert changes(client) == []


def test_a_name_that_is_no_utf8_is_refused() -> None:
    assert name_in("Jürgen".encode().decode("latin-1")) == "Jürgen"
    with pytest.raises(InvalidRequest, match="Changed-By: This is no UTF-8 text"):
        name_in("Jürgen")


@pytest.mark.parametrize("name", ["a" * 65, "a%00b"])
def test_what_is_no_product_is_on_record_as_none(client: TestClient, name: str) -> None:
    assert client.patch(f"/products/{name}", json={}).status_code in (404, 422)
    (change,) = changes(client)
    assert (change["product_id"], change["outcome"]) == (None, "failed")
    assert "\x00" not in change["request"]


def test_a_product_that_a_form_creates_is_on_record_with_its_name(client: TestClient) -> None:
    token = client.get("/ui/products").text.partition('data-csrf="')[2].partition('"')[0]
    client.post("/ui/products", data={"csrf": token, "product_id": "made-here"}, follow_redirects=False)
    (change,) = changes(client, "?product_id=made-here")
    assert (change["outcome"], change["after"]["reference_count"]) == ("made", 0)


def test_without_records_there_are_no_changes_to_be_found(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "store", smaller_edge=112, records="off")
    with TestClient(create_app(settings, tiny_service(settings)), client=("127.0.0.1", 50000)) as client:
        client.post("/products", json={"product_id": "flange"}).raise_for_status()
        assert client.get("/changes").json()["code"] == "records-off"


def test_every_route_that_changes_something_says_so(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    recorded: dict[str, bool] = {}
    for route in iter_route_contexts(app.routes):
        if not (route.methods or set()) <= {"GET", "HEAD"}:
            recorded[str(route.name)] = CHANGE in route.dependencies
    assert {name for name, kept in recorded.items() if not kept} == NO_CHANGES
    assert "change_product" in recorded
