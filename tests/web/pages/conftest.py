"""The console with records and pictures, while no key is asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import create_app
from app.opened_store import opened_pictures, opened_records
from app.settings import load_settings
from tests.api.keyed_app import KeyedApp, keyed_app
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.web.pages.forms import ProductForms, pictures
from tests.web.pages_of import Browser, logged_in


def application(folder: Path) -> FastAPI:
    settings = load_settings(data_dir=folder, smaller_edge=112)
    service = tiny_service(settings, records=opened_records(settings), pictures=opened_pictures(settings))
    return create_app(settings, service)


def product(client: TestClient, product_id: str, keep_pictures: str, threshold: float) -> None:
    """With a threshold of its own, and regions by three references."""
    images = [("images", (f"{number}.png", photograph(number))) for number in (100, 101, 102)]
    client.post(f"/products/{product_id}/references", files=images).raise_for_status()
    settings = {"keep_pictures": keep_pictures, "threshold": {"value": threshold, "bank_version": 1}}
    client.patch(f"/products/{product_id}", json={"settings": settings}).raise_for_status()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """`flange` is always not ok and keeps all pictures; `nut` is always ok and keeps none."""
    app = application(tmp_path_factory.mktemp("console"))
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        product(client, "flange", "all", 0.0)
        product(client, "nut", "none", 1.9)
        yield Browser(client)


@pytest.fixture
def app(console: Browser) -> FastAPI:
    found = console.client.app
    assert isinstance(found, FastAPI)
    return found


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyedApp]:
    with keyed_app(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture
def made(keyed: KeyedApp, request: pytest.FixtureRequest) -> ProductForms:
    """A product of its own for each test, without references, seen by an admin."""
    product_id = request.node.name.replace("[", "-").replace("]", "")[:60]
    body = {"product_id": product_id}
    assert keyed.client.post("/products", json=body, headers=keyed.bearer("admin")).status_code == 201
    return ProductForms(logged_in(keyed, "admin"), product_id)


@pytest.fixture
def ready(made: ProductForms) -> ProductForms:
    """A product with three references: 0.png, 1.png, 2.png."""
    made.done("references", files=pictures(3))
    return made
