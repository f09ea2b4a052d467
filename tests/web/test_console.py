"""Getting in, forms that are not ours, and what no page may do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.keys.api_key import Scope
from app.main import create_app
from app.settings import load_settings
from app.web.access.sessions import Sessions
from app.web.access.visitor import COOKIE, Needs
from tests.api.keyed_app import KeyedApp, keyed_app
from tests.api.tiny_service import tiny_service
from tests.web.pages_of import Browser, logged_in

WITHOUT_SCOPES = {"start", "asset", "login_page", "log_in", "log_out", "prefer"}
EVIL = "<script>alert(1)</script>'\"&"
IN_PATHS = {"product_id": "flange", "name": "base/base.css", "inspection_id": "0", "part_id": "0", "sha256": "0" * 64,
            "version": "1", "number": "1", "job_id": "0" * 32, "index": "0", "key_id": "0" * 8}  # fmt: skip


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyedApp]:
    with keyed_app(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture
def stranger(keyed: KeyedApp) -> TestClient:
    return TestClient(keyed.client.app, follow_redirects=False)


def routes(keyed: KeyedApp) -> list[tuple[str, str, str, list[Needs]]]:
    """Name, method, path with names filled in, and what each route of the console needs."""
    found = []
    for route in iter_route_contexts(keyed.client.app.routes):  # type: ignore[attr-defined]
        path = (route.path or "").replace(":path}", "}")
        if path == "/ui" or path.startswith("/ui/"):
            needs = [each.dependency for each in route.dependencies if isinstance(each.dependency, Needs)]
            found += [(str(route.name), method, path.format(**IN_PATHS), needs) for method in route.methods or ()]
    return found


def test_a_stranger_is_sent_to_the_login_and_back(keyed: KeyedApp, stranger: TestClient) -> None:
    answer = stranger.get("/ui/products?after=x")
    assert answer.headers["location"] == "/ui/login?next=%2Fui%2Fproducts%3Fafter%3Dx"
    done = stranger.post("/ui/login", data={"key": keyed.keys["admin"], "next": "/ui/products?after=x"})
    assert done.headers["location"] == "/ui/products?after=x"


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example", "/ui//evil.example", "/ui/\\evil", "/products"]
)
def test_nobody_is_sent_elsewhere(keyed: KeyedApp, stranger: TestClient, next_: str) -> None:
    done = stranger.post("/ui/login", data={"key": keyed.keys["admin"], "next": next_})
    assert done.headers["location"] == "/ui/"


def test_a_wrong_key_is_told(stranger: TestClient) -> None:
    answer = stranger.post("/ui/login", data={"key": "wrong"})
    assert answer.status_code == 401
    assert "This key is not known here" in answer.text
    assert "set-cookie" not in answer.headers


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(keyed: KeyedApp, stranger: TestClient) -> None:
    told = stranger.post("/ui/login", data={"key": keyed.keys["admin"]}).headers["set-cookie"].lower()
    assert "httponly" in told
    assert "samesite=strict" in told
    assert "path=/ui" in told


def test_who_logs_out_has_to_log_in_again(keyed: KeyedApp) -> None:
    browser = logged_in(keyed, "inspect")
    cookie = browser.client.cookies[COOKIE]
    browser.client.post("/ui/logout", data={"csrf": browser.csrf})
    assert browser.client.get("/ui/products").status_code == 303
    browser.client.cookies.set(COOKIE, cookie)
    assert browser.client.get("/ui/products").status_code == 303


def test_every_route_says_which_scopes_it_takes(keyed: KeyedApp) -> None:
    assert {name for name, _, _, needs in routes(keyed) if not needs} == WITHOUT_SCOPES


def test_no_route_is_reached_by_a_stranger(keyed: KeyedApp, stranger: TestClient) -> None:
    for name, method, path, needs in routes(keyed):
        if needs:
            assert stranger.request(method, path).headers.get("location", "").startswith("/ui/login"), name


@pytest.mark.parametrize("scope", list(Scope))
def test_a_route_takes_its_scopes_and_no_others(keyed: KeyedApp, scope: Scope) -> None:
    browser = logged_in(keyed, scope)
    for name, method, path, needs in routes(keyed):
        allowed = all({scope} & {*each.scopes, Scope.ADMIN} for each in needs)
        if needs and not allowed:
            answer = browser.client.request(method, path, data={"csrf": browser_csrf(browser)})
            assert answer.status_code == 403, name


def browser_csrf(browser: Browser) -> str:
    sessions: Sessions = browser.client.app.state.sessions  # type: ignore[attr-defined]
    session = sessions.known(browser.client.cookies[COOKIE])
    assert session is not None
    return session.csrf


@pytest.mark.parametrize("token", ["", "wrong", "anothers"])
def test_no_form_is_taken_without_the_token_of_its_session(keyed: KeyedApp, token: str) -> None:
    browser = logged_in(keyed, "admin")
    given = browser_csrf(logged_in(keyed, "admin")) if token == "anothers" else token
    for name, method, path, needs in routes(keyed):
        if method == "POST" and needs:
            answer = browser.client.post(path, data={"csrf": given, "product_id": "forged"})
            assert (answer.status_code, "one of this session" in answer.text) == (403, True), name
    assert keyed.client.get("/products/forged", headers=keyed.bearer("admin")).status_code == 404


def test_every_page_has_the_headers_that_forbid_what_is_not_ours(keyed: KeyedApp, stranger: TestClient) -> None:
    for answer in (stranger.get("/ui/login"), logged_in(keyed, "admin").client.get("/ui/products")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "<style" not in answer.text
        assert " style=" not in answer.text
        assert "<script>" not in answer.text


def test_names_are_shown_and_not_run(keyed: KeyedApp) -> None:
    browser = logged_in(keyed, "admin")
    browser.client.post("/ui/products", data={"csrf": browser.csrf, "product_id": "evil", "display_name": EVIL})
    answer = browser.client.get("/ui/products").text
    assert "<script>alert" not in answer
    assert "&lt;script&gt;alert(1)" in answer


def test_an_error_is_a_page_that_says_what_to_do(keyed: KeyedApp) -> None:
    browser = logged_in(keyed, "admin")
    answer = browser.client.post("/ui/products", data={"csrf": browser.csrf, "product_id": "../x"})
    assert answer.status_code in (400, 422)
    assert "data-error" in answer.text


def test_the_console_can_be_left_out(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, smaller_edge=112, ui="off")
    with TestClient(create_app(settings, tiny_service(settings))) as client:
        assert client.get("/ui").status_code == 404


def test_a_style_is_kept_by_the_browser_until_it_changes(stranger: TestClient) -> None:
    first = stranger.get("/ui/assets/base/base.css")
    assert "immutable" in first.headers["cache-control"]
    assert stranger.get("/ui/assets/base/base.css", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert stranger.get("/ui/assets/../console.py").status_code == 404
    assert stranger.get("/ui/assets/base/layout.html").status_code == 404


def test_modules_that_name_each_other_come_from_one_release(stranger: TestClient) -> None:
    page = stranger.get("/ui/login").text
    found = re.search(r'src="(/ui/assets/[0-9a-f]{16}/)base/base\.mjs"', page)
    assert found is not None
    assert stranger.get(f"{found[1]}inspect/viewer.mjs").headers["content-type"].startswith("text/javascript")
    assert stranger.get(f"/ui/assets/{'0' * 16}/inspect/viewer.mjs").status_code == 404
