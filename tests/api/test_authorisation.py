"""What a known key may do: every route, at the root and at /v1, tried with every kind of key.

docs/api.md says which scope may what; the routes come from the application itself.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi.routing import RouteContext, iter_route_contexts

from app.api.authorisation import Requires
from app.api.middleware.authentication import OPEN_PATHS
from app.api.router import VERSION_PREFIX
from app.keys.api_key import Scope
from tests.api.keyed_app import ADMIN_KEY, KeyedApp, keyed_app, routed
from tests.api.photographs import photograph

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
SCOPE_ROW = re.compile(
    r"^\| ((?:`(?:inspect|register|feedback|metrics|admin)`(?:, | or )?)+) \| (.*) \|$", re.MULTILINE
)
OPERATION = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) [^`]+)`")
HEALTH = {"/health/live", "/health/ready"}
IN_PATHS = {
    "product_id": "flange", "sha256": "0" * 64, "version": "1", "job_id": "0" * 32, "index": "0",
    "inspection_id": "0", "part_id": "0", "number": "1",
}  # fmt: skip


class Operation(NamedTuple):
    method: str
    path: str
    """As the route declares it, with names in braces."""


def operations() -> list[Operation]:
    routes = [(route, method) for route in iter_route_contexts(routed().routes) for method in route.methods or ("?",)]
    return sorted(Operation(method, (route.path or "?").replace(":path}", "}")) for route, method in routes)


def guarded_routes() -> list[RouteContext]:
    return [route for route in iter_route_contexts(routed().routes) if route.path not in OPEN_PATHS]


def documented_scopes() -> dict[str, set[str]]:
    """The scopes that each operation takes."""
    scopes: dict[str, set[str]] = {}
    for names, told in SCOPE_ROW.findall(TEXT):
        for operation in OPERATION.findall(told):
            scopes.setdefault(operation, set()).update(re.findall(r"\w+", names.replace(" or ", " ")))
    return scopes


SCOPES = documented_scopes()
OPEN = [operation for operation in operations() if operation.path in OPEN_PATHS]
GUARDED = [operation for operation in operations() if operation.path not in OPEN_PATHS]


def wanted_scopes(operation: Operation) -> set[str]:
    return SCOPES[f"{operation.method} {operation.path.removeprefix(VERSION_PREFIX)}"] | {Scope.ADMIN}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyedApp]:
    with keyed_app(tmp_path_factory.mktemp("keyed")) as running:
        yield running


def ask(keyed: KeyedApp, operation: Operation, headers: dict[str, str]) -> tuple[int, str]:
    """Status and problem code, of a request for the product `flange`."""
    body = {"product_id": "flange"} if operation.method != "GET" else None
    answer = keyed.client.request(operation.method, operation.path.format(**IN_PATHS), headers=headers, json=body)
    is_problem = answer.headers.get("Content-Type") == "application/problem+json"
    return answer.status_code, answer.json()["code"] if is_problem else ""


def named(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def test_every_operation_but_health_and_root_is_documented_with_its_scopes() -> None:
    assert set(SCOPES) == {named(operation).replace(f" {VERSION_PREFIX}/", " /") for operation in GUARDED}
    assert {operation.path.removeprefix(VERSION_PREFIX) for operation in OPEN} == {*HEALTH, "/"}
    # `/` alone is not below /v1 too.
    assert len(GUARDED) + len(OPEN) == 2 * (len(SCOPES) + 2) + 1


@pytest.mark.parametrize("route", guarded_routes(), ids=lambda route: f"{route.methods} {route.path}")
def test_every_route_declares_its_scopes(route: RouteContext) -> None:
    declared = [each.dependency for each in route.dependencies if isinstance(each.dependency, Requires)]
    assert [{*requirement.scopes, Scope.ADMIN} for requirement in declared] == [
        wanted_scopes(Operation(method, (route.path or "").replace(":path}", "}"))) for method in route.methods or ()
    ]


@pytest.mark.parametrize("operation", GUARDED, ids=named)
@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {ADMIN_KEY}x"}], ids=["no key", "wrong key"])
def test_no_route_is_reached_without_a_known_key(
    keyed: KeyedApp, operation: Operation, headers: dict[str, str]
) -> None:
    assert ask(keyed, operation, headers) == (401, "unauthenticated")


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("operation", GUARDED, ids=named)
def test_a_route_takes_the_scopes_that_are_documented_and_no_other(
    keyed: KeyedApp, operation: Operation, scope: Scope
) -> None:
    status, code = ask(keyed, operation, keyed.bearer(scope))
    if scope in wanted_scopes(operation):
        assert status not in (401, 403)
        assert status < 500
    else:
        assert (status, code) == (403, "forbidden")


@pytest.mark.parametrize("operation", GUARDED, ids=named)
def test_a_key_for_another_product_reaches_nothing_of_this_one(keyed: KeyedApp, operation: Operation) -> None:
    status, code = ask(keyed, operation, keyed.bearer("elsewhere"))
    creates_it = operation.method == "POST" and operation.path.endswith("/products")
    if creates_it or "{product_id}" in operation.path or operation.path.endswith("/metrics"):
        assert (status, code) == (403, "forbidden")
    else:
        assert status not in (401, 403)
        assert status < 500


@pytest.mark.parametrize("operation", OPEN, ids=named)
def test_health_needs_no_key(keyed: KeyedApp, operation: Operation) -> None:
    assert ask(keyed, operation, {})[0] == 200


def test_a_refusal_names_the_scope_that_is_missing(keyed: KeyedApp) -> None:
    told = keyed.client.post("/products/flange/references", headers=keyed.bearer("inspect")).json()["detail"]
    assert re.match(r"The key inspect/[0-9a-f]{8} lacks the scope `register`\.", told)
    told = keyed.client.get("/products/flange", headers=keyed.bearer("elsewhere")).json()["detail"]
    assert re.match(r"The key elsewhere/[0-9a-f]{8} is not for the product 'flange'\.", told)


def test_a_key_for_one_product_may_create_it_and_no_other(keyed: KeyedApp) -> None:
    answers = [
        keyed.client.post("/products", headers=keyed.bearer("elsewhere"), json={"product_id": product_id})
        for product_id in ("gear", "Gear")
    ]
    assert [answer.status_code for answer in answers] == [201, 403]


def test_registering_creates_the_product_that_the_key_is_for_and_no_other(tmp_path: Path) -> None:
    with keyed_app(tmp_path) as keyed:
        for product_id, status in (("gear", 201), ("flange", 403)):
            path = f"/products/{product_id}/references"
            answer = keyed.client.post(path, content=photograph(0), headers=keyed.bearer("line"))
            assert answer.status_code == status
        products = keyed.client.get("/products", headers=keyed.bearer("admin")).json()["products"]
    assert [product["product_id"] for product in products] == ["gear"]


def test_pages_hold_the_products_that_the_key_is_for(tmp_path: Path) -> None:
    with keyed_app(tmp_path) as keyed:
        for product_id in "abcdef":
            keyed.client.post("/products", headers=keyed.bearer("admin"), json={"product_id": product_id})
        seen, cursor = [], ""
        while cursor is not None:
            asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = keyed.client.get("/products", params=asked, headers=keyed.bearer("some")).json()
            cursor = page["next_cursor"]
            seen.append(([product["product_id"] for product in page["products"]], cursor))
    assert seen == [(["b", "d"], "d"), (["f"], None)]


def test_the_document_asks_for_a_key_where_the_application_does(keyed: KeyedApp) -> None:
    document = keyed.client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["Key"]["scheme"] == "bearer"
    told = {
        f"{method.upper()} {path}": ("security" in operation, {"401", "403"} <= set(operation["responses"]))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert told == dict.fromkeys(SCOPES, (True, True)) | {f"GET {path}": (False, False) for path in HEALTH}
