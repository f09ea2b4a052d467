"""A real service on a temporary store, behind the real application, without a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.service.service import Service
from app.settings import Settings, load_settings
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path, smaller_edge=112, max_images_per_request=4, max_body_bytes=4 * 2**20)


@pytest.fixture
def service(settings: Settings) -> Service:
    return tiny_service(settings)


@pytest.fixture
def client(settings: Settings, service: Service) -> Iterator[TestClient]:
    """A caller on this machine."""
    app = create_app(settings, service)
    with TestClient(app, raise_server_exceptions=False, client=("127.0.0.1", 50000)) as calling:
        yield calling


@pytest.fixture
def flange(client: TestClient) -> str:
    """A product with one reference, seed 0."""
    client.post("/products/flange/references", content=photograph(0)).raise_for_status()
    return "flange"
