"""The pictures of what was inspected, over HTTP."""

import base64
import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient

from app.engine.heatmap import HeatmapStyle
from app.main import create_app
from app.opened_store import no_pictures, opened_pictures, opened_records
from app.settings import Settings, load_settings
from app.storage.disk.catalog import DiskCatalog
from tests.api.metrics.samples import value
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service

Opened = Callable[..., TestClient]
NOTHING_REACHES, EVERYTHING_REACHES = 1.9, 0.0


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    with ExitStack() as stack:

        def _open(**given: Any) -> TestClient:
            settings = load_settings(data_dir=tmp_path / "store", smaller_edge=112, **given)
            service = tiny_service(settings, records=opened_records(settings), pictures=opened_pictures(settings))
            app = create_app(settings, service)
            return stack.enter_context(TestClient(app, client=("127.0.0.1", 50000), raise_server_exceptions=False))

        yield _open


@pytest.fixture
def client(opened: Opened) -> TestClient:
    return opened()


def product(client: TestClient, keep: str, threshold: float | None, product_id: str = "flange") -> None:
    """A product whose verdict is known: `ok`, `not_ok` or, without a threshold, `not_decidable`."""
    client.post(f"/products/{product_id}/references", content=photograph(0)).raise_for_status()
    chosen = None if threshold is None else {"value": threshold, "bank_version": 1}
    settings = {"keep_pictures": keep, "threshold": chosen}
    client.patch(f"/products/{product_id}", json={"settings": settings}).raise_for_status()


def inspect(client: TestClient, product_id: str = "flange", **query: str) -> dict[str, Any]:
    answer = client.post(f"/products/{product_id}/inspect", content=photograph(1), params=query)
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


def refused(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "picture-not-found")
    detail: str = answer.json()["detail"]
    return detail


def image_of(told: dict[str, Any]) -> str:
    return f"/inspections/{told['inspection_id']}/image"


@pytest.mark.parametrize(
    ("keep", "threshold", "kept"),
    [
        ("none", EVERYTHING_REACHES, "none"),
        ("not_ok", NOTHING_REACHES, "none"),
        ("not_ok", EVERYTHING_REACHES, "kept"),
        ("not_ok", None, "kept"),
        ("all", NOTHING_REACHES, "kept"),
    ],
)
def test_pictures_are_kept_as_the_product_says(
    client: TestClient, keep: str, threshold: float | None, kept: str
) -> None:
    product(client, keep, threshold)
    told = inspect(client)
    record = client.get(f"/inspections/{told['inspection_id']}").json()
    assert (told["pictures"], record["pictures"]) == (kept, kept)
    assert client.get(image_of(told)).status_code == (200 if kept == "kept" else 404)


def test_the_photograph_comes_back_as_it_was_sent(client: TestClient) -> None:
    product(client, "all", None)
    told = inspect(client)
    answer = client.get(image_of(told))
    assert answer.content == photograph(1)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == f'inline; filename="{told["inspection_id"]}.png"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("style", get_args(HeatmapStyle))
@pytest.mark.parametrize("size", ["map", "image", "64"])
def test_a_heatmap_is_the_one_that_the_inspection_drew(client: TestClient, style: str, size: str) -> None:
    product(client, "all", EVERYTHING_REACHES)
    if style == "mask":  # regions need more references than one
        for number in (2, 3, 4):
            client.post("/products/flange/references", content=photograph(number)).raise_for_status()
    told = inspect(client, style=style, size=size)
    answer = client.get(f"/inspections/{told['inspection_id']}/heatmap.png", params={"style": style, "size": size})
    assert answer.content == base64.b64decode(told["heatmap"]["data"])
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_mask_where_no_regions_could_be_told_is_refused_as_by_the_inspection(client: TestClient) -> None:
    product(client, "all", None)
    told = inspect(client)
    answer = client.get(f"/inspections/{told['inspection_id']}/heatmap.png?style=mask")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


@pytest.mark.parametrize(("name", "given"), [("style", "x"), ("size", "31"), ("colour", "red")])
def test_what_cannot_be_drawn_is_told(client: TestClient, name: str, given: str) -> None:
    answer = client.get("/inspections/0/heatmap.png", params={name: given})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, name)


def test_a_link_leads_to_the_heatmap(client: TestClient) -> None:
    product(client, "all", EVERYTHING_REACHES)
    for prefix in ("", "/v1"):
        answer = client.post(f"{prefix}/products/flange/inspect?heatmap=link&style=overlay", content=photograph(1))
        link = answer.json()["heatmap"]
        drawn = client.get(link["href"])
        assert link["href"].startswith(f"{prefix}/inspections/")
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, link["media_type"])


def test_there_is_no_link_to_what_is_not_kept(client: TestClient) -> None:
    product(client, "not_ok", NOTHING_REACHES)
    told = inspect(client, heatmap="link")
    assert (told["heatmap"], told["pictures"]) == (None, "none")


def test_a_link_is_no_png(client: TestClient) -> None:
    product(client, "all", None)
    answer = client.post("/products/flange/inspect?heatmap=link", content=b"", headers={"Accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


def test_why_there_is_no_picture_is_told(client: TestClient, tmp_path: Path) -> None:
    product(client, "none", None)
    assert "by the setting keep_pictures" in refused(client, image_of(inspect(client)))
    client.patch("/products/flange", json={"settings": {"keep_pictures": "all"}}).raise_for_status()
    told = inspect(client)
    [path] = (tmp_path / "store" / "pictures").rglob(f"{told['inspection_id']}.png")
    path.write_bytes(b"another picture")
    assert "lost" in refused(client, image_of(told))
    path.unlink()
    assert "lost" in refused(client, image_of(told))
    (tmp_path / "store" / "pictures" / ".removed-until-us").write_text(str(4 * 10**15))
    assert "INSPECTOR_PICTURES_BYTES" in refused(client, image_of(told))
    assert client.get(f"/inspections/{told['inspection_id']}").json()["pictures"] == "removed"


def test_a_damaged_map_draws_nothing(client: TestClient, tmp_path: Path) -> None:
    product(client, "all", None)
    told = inspect(client)
    [path] = (tmp_path / "store" / "pictures").rglob("*.map.png")
    path.write_bytes(path.read_bytes()[:-20])
    assert "damaged" in refused(client, f"/inspections/{told['inspection_id']}/heatmap.png")
    assert client.get(image_of(told)).status_code == 200


def test_a_picture_that_cannot_be_written_stops_no_inspection_and_is_told(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    client = opened(pictures_dir=tmp_path / "file" / "pictures")
    product(client, "not_ok", EVERYTHING_REACHES)
    told = inspect(client, heatmap="link")
    assert (told["verdict"], told["pictures"], told["flags"][-1]) == ("not_ok", "lost", "picture_lost")
    assert told["heatmap"] is None
    assert "could not be written" in refused(client, image_of(told))
    found = client.get("/inspections", params={"flag": "picture_lost"}).json()["inspections"]
    assert [each["inspection_id"] for each in found] == [told["inspection_id"]]
    text = client.get("/metrics").text
    assert value(text, "inspector_pictures_lost_total") == 1
    assert value(text, "inspector_pictures_kept_bytes") == 0


def test_an_export_says_which_pictures_are_kept(client: TestClient) -> None:
    product(client, "not_ok", None)
    product(client, "none", None, "nut")
    for each in ("flange", "nut"):
        inspect(client, each)
    rows = csv.DictReader(client.get("/inspections", headers={"Accept": "text/csv"}).text.splitlines())
    assert {row["product_id"]: row["pictures"] for row in rows} == {"flange": "kept", "nut": "none"}


def test_pictures_go_with_their_product_and_records_stay(client: TestClient) -> None:
    product(client, "all", None)
    told = inspect(client)
    client.delete("/products/flange").raise_for_status()
    assert client.get(f"/inspections/{told['inspection_id']}").json()["pictures"] == "removed"
    assert "went with their product" in refused(client, image_of(told))
    client.post("/products/flange/restore").raise_for_status()
    assert client.get(image_of(told)).content == photograph(1)


def test_a_deletion_that_is_sent_again_finishes_what_a_dead_process_left(client: TestClient, tmp_path: Path) -> None:
    product(client, "all", None)
    told = inspect(client)
    DiskCatalog(tmp_path / "store").delete("flange")
    assert client.get(image_of(told)).status_code == 200
    assert client.delete("/products/flange").status_code == 404
    assert "went with their product" in refused(client, image_of(told))


def test_a_product_that_is_made_again_does_not_show_the_pictures_of_the_one_before(
    client: TestClient, tmp_path: Path
) -> None:
    product(client, "all", None)
    before = inspect(client)
    client.delete("/products/flange?purge=true").raise_for_status()
    assert not list((tmp_path / "store" / "pictures").rglob("*.png"))
    product(client, "all", None)
    after = inspect(client)
    assert "went with their product" in refused(client, image_of(before))
    assert client.get(image_of(after)).status_code == 200


def test_records_go_with_their_product_where_that_is_asked_for(client: TestClient, tmp_path: Path) -> None:
    for each in ("flange", "nut"):
        product(client, "all", None, each)
        inspect(client, each)
    client.delete("/products/flange?records=delete").raise_for_status()
    left = client.get("/inspections").json()["inspections"]
    assert [each["product_id"] for each in left] == ["nut"]
    assert len(list((tmp_path / "store" / "pictures").rglob("*.map.png"))) == 1


def test_without_records_there_are_no_pictures_and_none_can_be_asked_for(opened: Opened) -> None:
    client = opened(records="off")
    client.post("/products/flange/references", content=photograph(0)).raise_for_status()
    seen = client.get("/products/flange").json()
    assert (seen["settings"]["keep_pictures"], seen["pictures"]) == ("not_ok", "none")
    assert inspect(client)["pictures"] == "none"
    answer = client.patch("/products/flange", json={"settings": {"keep_pictures": "all"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")
    assert "INSPECTOR_RECORDS" in answer.json()["detail"]
    assert client.delete("/products/flange?records=delete").json()["code"] == "records-off"
    assert client.get("/products/flange").status_code == 200


def test_a_redis_store_needs_a_folder(tmp_path: Path) -> None:
    def told(**given: Any) -> tuple[str | None, bool]:
        settings: Settings = load_settings(data_dir=tmp_path, store_url="redis://localhost", **given)
        pictures = opened_pictures(settings)
        if pictures:
            pictures.close()
        return no_pictures(settings), pictures is not None

    reason, kept = told()
    assert "INSPECTOR_PICTURES_DIR" in (reason or "")
    assert not kept
    assert told(pictures_dir=tmp_path / "pictures") == (None, True)
