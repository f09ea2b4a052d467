"""Behind a proxy with a path prefix, be it that the proxy takes it off or not: links lead through the proxy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.errors import ConfigurationError
from app.main import create_app
from app.setting_values import ENDPOINTS
from app.settings import load_settings
from tests.api.keyed_app import ADMIN_KEY
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service

KEY = {"Authorization": f"Bearer {ADMIN_KEY}"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = load_settings(data_dir=tmp_path, smaller_edge=112, root_path="/shop/floor", admin_key=ADMIN_KEY)
    with TestClient(create_app(settings, tiny_service(settings)), follow_redirects=False) as calling:
        yield calling


@pytest.mark.parametrize("sent", ["", "/shop/floor"], ids=["taken off", "left"])
def test_links_and_documents_have_the_prefix(client: TestClient, sent: str) -> None:
    created = client.post(f"{sent}/products", json={"product_id": "lid"}, headers=KEY)
    assert created.headers["Location"] == "/shop/floor/products/lid"
    registered = client.post(f"{sent}/v1/products/lid/references", content=photograph(1), headers=KEY)
    assert registered.headers["Location"] == "/shop/floor/v1/products/lid/banks/1"
    assert "url: '/shop/floor/openapi.json'" in client.get(f"{sent}/docs").text
    assert client.get(f"{sent}/openapi.json").json()["servers"] == [{"url": "/shop/floor"}]
    assert client.get(f"{sent}/").headers["Location"] == "/shop/floor/docs"


@pytest.mark.parametrize("sent", ["", "/shop/floor"], ids=["taken off", "left"])
def test_keys_methods_and_assets_are_as_without(client: TestClient, sent: str) -> None:
    assert client.get(f"{sent}/products").status_code == 401
    assert client.get(f"{sent}/health/live").status_code == 200
    assert client.get(f"{sent}/static-offline-docs/swagger-ui.css").status_code == 200
    assert client.get(f"{sent}/nosuch", headers=KEY).status_code == 404
    assert client.delete(f"{sent}/products", headers=KEY).headers["Allow"] == "GET, HEAD, POST"


def test_another_path_that_begins_alike_is_not_found(client: TestClient) -> None:
    assert client.get("/shop/floors/products", headers=KEY).status_code == 404
    assert client.get("/shop/floor").headers["Location"] == "/shop/floor/docs"


@pytest.mark.parametrize("prefix", ["shop", "/shop/", "/a b", "/products", "/v1/shop", "//", "https://host/shop"])
def test_what_is_no_prefix_stops_the_start(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="INSPECTOR_ROOT_PATH"):
        load_settings(root_path=prefix)


def test_every_endpoint_is_refused_as_a_prefix(client: TestClient) -> None:
    assert isinstance(client.app, FastAPI)
    paths = [route.path or "" for route in iter_route_contexts(client.app.routes)]
    assert {path.split("/")[1] for path in paths} - {""} == ENDPOINTS
