"""Who may come in at all: a request without a known key is refused before anything looks at it."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from app.api.middleware.authentication import OPEN_PATHS
from app.keys.api_key import Scope, key_id
from app.keys.key_file import KeyFile
from app.main import create_app
from app.settings import load_settings
from tests.api.keyed_app import ADMIN_KEY, KeyedApp, keyed_app
from tests.api.live_server import live_server
from tests.api.tiny_service import tiny_service

FOLLOWED_WITHIN_S = 20
UNKNOWN = f"insp_12345678_{'A' * 43}"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyedApp]:
    with keyed_app(tmp_path_factory.mktemp("keyed")) as running:
        yield running


@pytest.mark.parametrize(
    "path", ["/products", "/nosuch", "/v1/nosuch", "/v1", "/v1/", "/products/a%2Fb", "/docs/", "/health", "/V1"]
)
def test_without_a_key_every_path_is_401_also_one_that_is_not_there(keyed: KeyedApp, path: str) -> None:
    answer = keyed.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


@pytest.mark.parametrize("path", [*sorted(OPEN_PATHS), "/static-offline-docs/swagger-ui.css"])
def test_what_says_how_the_service_is_and_what_it_offers_needs_no_key(keyed: KeyedApp, path: str) -> None:
    assert keyed.client.get(path).status_code == 200


def test_the_assets_of_the_documentation_are_no_way_round(keyed: KeyedApp) -> None:
    for steps in ("..", "%2e%2e", "%2E%2E%2F", "..%2f.."):
        assert keyed.client.get(f"/static-offline-docs/{steps}/products").status_code in (401, 422)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dXNlcjprZXk=", UNKNOWN, f"Token {ADMIN_KEY}", f"Bearer {UNKNOWN}",
     f"Bearer {ADMIN_KEY}x", f"Bearer {ADMIN_KEY[:-1]}", f"Bearer {ADMIN_KEY} {ADMIN_KEY}", "Bearer ä"],
)  # fmt: skip
def test_what_is_no_known_key_is_401(keyed: KeyedApp, header: str) -> None:
    assert keyed.client.get("/products", headers={b"Authorization": header.encode("latin-1")}).status_code == 401


def test_a_key_is_taken_from_one_header_only(keyed: KeyedApp) -> None:
    good = ("Authorization", f"Bearer {ADMIN_KEY}")
    assert keyed.client.get("/products", headers=[good]).status_code == 200
    assert keyed.client.get("/products", headers=[good, good]).status_code == 401
    assert keyed.client.get("/products", params={"access_token": ADMIN_KEY}).status_code == 401
    assert keyed.client.get("/products", headers={"X-API-Key": ADMIN_KEY}).status_code == 401


def test_the_scheme_is_read_in_any_case(keyed: KeyedApp) -> None:
    assert keyed.client.get("/products", headers={"Authorization": f"bearer  {ADMIN_KEY}"}).status_code == 200


def test_a_request_tells_its_key_in_the_log_by_name_and_id_and_never_the_key(
    keyed: KeyedApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for key in (keyed.keys["inspect"], ADMIN_KEY, UNKNOWN, "guessed"):
        keyed.client.get("/products", headers={"Authorization": f"Bearer {key}"})
    keyed.client.get("/products")
    lines = [record.getMessage() for record in caplog.records if record.name == "inspector.access"]
    told = [line.rpartition(" key=")[2] for line in lines]
    assert told == [f"inspect/{key_id(keyed.keys['inspect'])}", "admin_key/1", "?/12345678", "?/?", "-"]
    assert not [key for key in (*keyed.keys.values(), ADMIN_KEY, UNKNOWN, "guessed") if key in caplog.text]


def test_no_answer_repeats_a_key(keyed: KeyedApp) -> None:
    for key in (keyed.keys["inspect"], UNKNOWN):
        assert key not in keyed.client.post("/products", headers={"Authorization": f"Bearer {key}"}).text


@pytest.mark.parametrize("streamed", [False, True], ids=["with its length", "in chunks"])
def test_a_large_body_without_a_key_is_answered_401_not_413(tmp_path: Path, streamed: bool) -> None:
    settings = load_settings(data_dir=tmp_path, admin_key=ADMIN_KEY, max_body_bytes=1024)
    body = bytes(50 * 2**20)
    app = create_app(settings, tiny_service(settings))
    with live_server(app) as (host, port), httpx2.Client(base_url=f"http://{host}:{port}", timeout=20) as client:
        answer = client.post("/products/flange/inspect", content=iter([body]) if streamed else body)
    assert answer.status_code == 401


def test_an_application_that_runs_follows_its_keys_and_never_opens_again(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    file = KeyFile.of(settings)
    with TestClient(create_app(settings, tiny_service(settings))) as client:
        assert client.get("/products").status_code == 200
        key = file.create("mes", [Scope.INSPECT], None)
        bearer = {"Authorization": f"Bearer {key}"}
        assert becomes(401, lambda: client.get("/products"))
        assert client.get("/products", headers=bearer).status_code == 200
        file.path.unlink()
        assert becomes(401, lambda: client.get("/products", headers=bearer))
        assert client.get("/products").status_code == 401
        assert client.get("/health/ready").status_code == 200


def test_with_auth_off_nobody_is_asked(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, admin_key=ADMIN_KEY, auth="off")
    with TestClient(create_app(settings, tiny_service(settings))) as client:
        assert client.get("/products").status_code == 200
        assert client.get("/products", headers={"Authorization": f"Bearer {UNKNOWN}"}).status_code == 200


def becomes(status: int, ask: Callable[[], httpx2.Response]) -> bool:
    """Whether the answer has this status now or within a while."""
    deadline = time.monotonic() + FOLLOWED_WITHIN_S
    while (found := ask().status_code) != status and time.monotonic() < deadline:
        time.sleep(0.05)
    return found == status
