"""Whether a browser lets the pages of other origins call."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.errors import ConfigurationError
from app.main import create_app
from app.settings import load_settings
from tests.api.keyed_app import ADMIN_KEY
from tests.api.tiny_service import tiny_service

PAGE = "https://line.example"
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,if-match",
}


@contextmanager
def calling(folder: Path, origins: str | None) -> Iterator[TestClient]:
    settings = load_settings(data_dir=folder, cors_origins=origins, admin_key=ADMIN_KEY)
    with TestClient(create_app(settings, tiny_service(settings))) as client:
        yield client


def test_off_no_page_may_call(tmp_path: Path) -> None:
    with calling(tmp_path, None) as client:
        assert client.options("/products", headers=PREFLIGHT).status_code == 401
        assert "Access-Control-Allow-Origin" not in client.get("/health/live", headers={"Origin": PAGE}).headers


def test_a_page_that_is_named_may_ask_without_a_key_and_call_with_one(tmp_path: Path) -> None:
    with calling(tmp_path, f"http://localhost:3000 {PAGE}") as client:
        preflight = client.options("/products/flange", headers=PREFLIGHT)
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == PAGE
        assert "authorization" in preflight.headers["Access-Control-Allow-Headers"].lower()
        answer = client.get("/products", headers={"Origin": PAGE, "Authorization": f"Bearer {ADMIN_KEY}"})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
        assert "Anomaly-Verdict" in answer.headers["Access-Control-Expose-Headers"]


def test_a_refusal_can_be_read_by_the_page(tmp_path: Path) -> None:
    with calling(tmp_path, "*") as client:
        refused = client.get("/products", headers={"Origin": PAGE})
        assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, "*")


def test_another_page_may_not(tmp_path: Path) -> None:
    with calling(tmp_path, PAGE) as client:
        assert client.options("/products", headers=PREFLIGHT | {"Origin": "https://other.example"}).status_code == 400


@pytest.mark.parametrize(
    "origins", ["line.example", "https://line.example/", "https://line.example/a", "https://*.x", "ftp://a"]
)
def test_what_is_no_origin_stops_the_start(origins: str) -> None:
    with pytest.raises(ConfigurationError, match="INSPECTOR_CORS_ORIGINS"):
        load_settings(cors_origins=f"https://good.example {origins}")
