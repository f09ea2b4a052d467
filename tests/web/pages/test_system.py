"""The state of the service, and its keys."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.keys.key_file import KeyFile
from app.main import create_app
from app.settings import load_settings
from tests.api.keyed_app import KeyedApp
from tests.api.tiny_service import tiny_service
from tests.web.pages_of import Browser, logged_in

KEY = re.compile(r"<code data-key>(insp_[0-9a-f]{8}_[A-Za-z0-9_-]{43})</code>")


def made(browser: Browser, **fields: str) -> Any:
    return browser.client.post("/ui/system/keys", data={"csrf": browser.csrf, **fields})


def key_in(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    found = KEY.search(answer.text)
    assert found is not None
    return found[1]


@pytest.fixture
def keyless(tmp_path: Path) -> Iterator[Browser]:
    settings = load_settings(data_dir=tmp_path, smaller_edge=112)
    with TestClient(create_app(settings, tiny_service(settings)), follow_redirects=False) as client:
        yield Browser(client)


def test_it_tells_on_what_the_service_computes(console: Browser) -> None:
    page, ready = console.page("system"), console.client.get("/health/ready").json()
    assert f"<dd>{ready['backbone']['name']}</dd>" in page
    assert f"{ready['backbone']['engine']}, {ready['backbone']['precision']}" in page
    assert "0 of 32 places" in page
    assert f"<dt>torch</dt><dd>{console.client.get('/version').json()['torch']}</dd>" in page


def test_a_service_that_stops_is_not_told_as_ready(keyless: Browser) -> None:
    assert 'data-sign="✕">not ready' not in keyless.page("system")
    keyless.client.app.state.service.drain()  # type: ignore[attr-defined]
    assert 'data-sign="✕">not ready' in keyless.page("system")


def test_without_records_it_says_what_to_set(keyed: KeyedApp) -> None:
    assert "INSPECTOR_RECORDS=on" in logged_in(keyed, "register").page("system")


def test_only_who_may_make_keys_is_led_to_them(keyed: KeyedApp) -> None:
    assert "/ui/system/keys" in logged_in(keyed, "admin").page("system")
    for name in ("register", "elsewhere"):
        assert "/ui/system/keys" not in logged_in(keyed, name).page("system")


def test_a_key_is_shown_once_and_opens_a_session(keyed: KeyedApp) -> None:
    admin = logged_in(keyed, "admin")
    key = key_in(made(admin, name="mes", scope_inspect="on", products="flange, nut"))
    page = admin.page("system/keys")
    assert key not in page
    assert key.split("_")[1] in page
    [record] = [each for each in keyed.file.read() if each.name == "mes"]
    assert (record.scopes, record.products) == (("inspect",), ("flange", "nut"))
    session = TestClient(keyed.client.app, follow_redirects=False)
    assert session.post("/ui/login", data={"key": key}).status_code == 303


def test_a_revoked_key_opens_none(keyed: KeyedApp) -> None:
    admin = logged_in(keyed, "admin")
    key = key_in(made(admin, name="leaving", scope_register="on"))
    answer = admin.client.post(f"/ui/system/keys/{key.split('_')[1]}/revoke", data={"csrf": admin.csrf})
    assert answer.headers["location"] == "/ui/system/keys"
    session = TestClient(keyed.client.app, follow_redirects=False)
    assert session.post("/ui/login", data={"key": key}).status_code == 401


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "a b", "scope_inspect": "on"}, "'a b' is no name"),
        ({"name": "mes"}, "without a scope"),
        ({"name": "mes", "scope_inspect": "on", "products": "a/b"}, "'a/b' is no product id"),
        ({"name": "mes", "scope_metrics": "on", "products": "flange"}, "all products together"),
        ({"scope_inspect": "on"}, "no field name"),
    ],
)
def test_what_cannot_be_a_key_is_told(keyed: KeyedApp, fields: dict[str, str], told: str) -> None:
    before = keyed.file.read()
    page = made(logged_in(keyed, "admin"), **fields)
    assert page.status_code == 400
    assert told in unescape(page.text)
    assert keyed.file.read() == before


def test_an_unknown_key_cannot_be_revoked(keyed: KeyedApp) -> None:
    admin = logged_in(keyed, "admin")
    answer = admin.client.post("/ui/system/keys/00000000/revoke", data={"csrf": admin.csrf})
    assert answer.status_code == 400
    assert "00000000" in answer.text


def test_who_is_let_in_for_some_products_lets_nobody_in_for_all(keyed: KeyedApp) -> None:
    browser, before = logged_in(keyed, "elsewhere"), keyed.file.read()
    assert made(browser, name="mes", scope_admin="on").status_code == 403
    assert browser.client.get("/ui/system/keys").status_code == 403
    path = f"/ui/system/keys/{before[0].key_id}/revoke"
    assert browser.client.post(path, data={"csrf": browser.csrf}).status_code == 403
    assert keyed.file.read() == before


def test_the_first_key_is_one_that_can_make_others(keyless: Browser, tmp_path: Path) -> None:
    refused = made(keyless, name="mes", scope_inspect="on")
    assert refused.status_code == 400
    assert "Make one with the scope admin first" in refused.text
    assert KeyFile(tmp_path / "keys.json").read() == ()
    answer = made(keyless, name="office", scope_admin="on")
    key = key_in(answer)
    assert "From now on a key is asked for" in answer.text
    assert keyless.client.get("/ui/products").headers["location"].startswith("/ui/login")
    assert keyless.client.post("/ui/login", data={"key": key}).status_code == 303
