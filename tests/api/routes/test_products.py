"""Products over HTTP."""

import pytest
from fastapi.testclient import TestClient

from app.service.service import Service
from tests.api.photographs import photograph


def test_a_created_product_tells_its_place_its_settings_and_its_revision(client: TestClient) -> None:
    answer = client.post(
        "/products", json={"product_id": "flange", "display_name": "Flansch Ø 40", "metadata": {"a": 1}}
    )
    assert (answer.status_code, answer.headers["Location"], answer.headers["ETag"]) == (201, "/products/flange", '"1"')
    told = client.get("/products/flange").json()
    assert told == answer.json()
    assert (told["display_name"], told["metadata"], told["ready"]) == ("Flansch Ø 40", {"a": 1}, False)
    assert told["settings"] == {
        "smaller_edge": 112,
        "rotation": "on",
        "masking": "auto",
        "statistic": {"name": "mean_top1p", "k": None, "q": None, "foreground_only": False},
        "profile": "robust",
        "backbone": "default",
        "pinned": False,
        "alpha": 0.05,
        "threshold": None,
        "commissioning": False,
        "bit_depth": "auto",
        "coreset": None,
        "search": "anywhere",
        "method": "anomalydino",
        "layers": None,
        "layers_join": "concat",
        "keep_pictures": "not_ok",
    }


def test_a_second_product_of_the_same_name_is_a_conflict_even_in_other_case(client: TestClient) -> None:
    client.post("/products", json={"product_id": "flange"})
    for product_id in ("flange", "FLANGE"):
        answer = client.post("/products", json={"product_id": product_id})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_put_creates_then_replaces(client: TestClient) -> None:
    first = client.put("/products/flange", json={"settings": {"rotation": "off"}, "display_name": "x"})
    second = client.put("/products/flange", json={"settings": {"statistic": "max"}})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["Location"] == "/products/flange"
    assert second.json()["settings"]["rotation"] == "on"
    assert (second.json()["settings"]["statistic"]["name"], second.json()["display_name"]) == ("max", None)


def test_patch_changes_what_is_sent_and_leaves_the_rest(client: TestClient) -> None:
    client.put("/products/flange", json={"settings": {"rotation": "off"}, "display_name": "x", "metadata": {"a": 1}})
    statistic = {"name": "mean_topk", "k": 5, "foreground_only": True}
    told = client.patch("/products/flange", json={"settings": {"statistic": statistic}}).json()
    assert told["settings"]["statistic"] == {**statistic, "q": None}
    assert (told["settings"]["rotation"], told["display_name"], told["metadata"]) == ("off", "x", {"a": 1})


def test_patch_with_null_clears_the_name(client: TestClient) -> None:
    client.put("/products/flange", json={"display_name": "x"})
    assert client.patch("/products/flange", json={"display_name": None}).json()["display_name"] is None


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_change_against_an_old_revision_fails(client: TestClient, method: str) -> None:
    etag = client.put("/products/flange", json={}).headers["ETag"]
    first = client.request(method, "/products/flange", json={"display_name": "a"}, headers={"If-Match": etag})
    second = client.request(method, "/products/flange", json={"display_name": "b"}, headers={"If-Match": etag})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert (second.status_code, second.json()["code"]) == (412, "precondition-failed")
    assert client.get("/products/flange").json()["display_name"] == "a"


@pytest.mark.parametrize("etag", ["1", 'W/"1"', '"bank-1"', '"', '"²"'])
def test_an_etag_that_is_no_revision_never_matches(client: TestClient, etag: str) -> None:
    client.put("/products/flange", json={})
    answer = client.patch("/products/flange", json={}, headers={b"If-Match": etag.encode()})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition-failed")


def test_pages_hold_every_product_once_in_order(client: TestClient) -> None:
    ids = ["a", "b", "c", "d", "e"]
    for product_id in reversed(ids):
        client.post("/products", json={"product_id": product_id})
    seen, cursor = [], None
    while True:
        page = client.get("/products", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen.append([product["product_id"] for product in page["products"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [["a", "b"], ["c", "d"], ["e"]]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=../x"])
def test_a_wrong_page_is_refused_by_name(client: TestClient, query: str) -> None:
    answer = client.get(f"/products?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert answer.json()["errors"][0]["parameter"] == query.split("=")[0]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"rotaton": "on"}, "#/settings/rotaton"),
        ({"smaller_edge": 100}, "#/settings/smaller_edge"),
        ({"smaller_edge": "448"}, "#/settings/smaller_edge"),
        ({"rotation": True}, "#/settings/rotation"),
        ({"statistic": "median"}, "#/settings/statistic/name"),
        ({"statistic": {"name": "percentile", "q": 101}}, "#/settings/statistic/q"),
        ({"statistic": {"name": "max", "p": 1}}, "#/settings/statistic/p"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(client: TestClient, wrong: dict[str, object], pointer: str) -> None:
    answer = client.put("/products/flange", json={"settings": wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert client.get("/products/flange").status_code == 404


@pytest.mark.parametrize("wrong", [{"statistic": {"name": "mean_topk"}}, {"backbone": "nosuch"}])
def test_settings_that_only_the_service_can_judge_are_refused_alike(
    client: TestClient, wrong: dict[str, object]
) -> None:
    answer = client.put("/products/flange", json={"settings": wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")


def test_a_setting_outside_settings_is_told_where_it_belongs(client: TestClient) -> None:
    answer = client.put("/products/flange", json={"rotation": "off"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "#/rotation", "detail": "This is a setting. Put it inside `settings`."}
    ]


@pytest.mark.parametrize("sent", [{"product_id": "flange"}, {"settngs": {}}])
def test_an_unknown_key_beside_the_settings_is_no_wrong_setting(client: TestClient, sent: dict[str, object]) -> None:
    answer = client.put("/products/flange", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert answer.json()["errors"][0]["pointer"] == f"#/{next(iter(sent))}"


@pytest.mark.parametrize("setting", ['"alpha": NaN', '"threshold": {"value": Infinity, "bank_version": 1}'])
def test_what_is_no_number_is_told_as_such(client: TestClient, setting: str) -> None:
    body = f'{{"settings": {{{setting}}}}}'
    answer = client.put("/products/flange", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-settings")
    assert "finite number" in answer.json()["detail"]


def test_too_much_metadata_is_refused(client: TestClient) -> None:
    answer = client.put("/products/flange", json={"metadata": {"note": "x" * 20_000}})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "#/metadata"


def test_loading_brings_the_bank_into_memory(client: TestClient, flange: str) -> None:
    assert client.get(f"/products/{flange}").json()["bank_loaded"] is False
    answer = client.post(f"/products/{flange}/load")
    assert (answer.status_code, answer.json()["bank_loaded"]) == (200, True)


def test_loading_without_references_is_a_conflict(client: TestClient) -> None:
    client.put("/products/flange", json={})
    answer = client.post("/products/flange/load")
    assert (answer.status_code, answer.json()["code"]) == (409, "no-references")


def test_a_change_of_features_makes_a_new_bank(client: TestClient, flange: str) -> None:
    told = client.patch(f"/products/{flange}", json={"settings": {"rotation": "off"}}).json()
    assert (told["bank_version"], told["rebuild_needed"], told["ready"]) == (2, False, True)


def test_a_deleted_product_is_gone_with_its_references(client: TestClient, flange: str) -> None:
    answer = client.delete(f"/products/{flange}")
    assert (answer.status_code, answer.content, "Content-Type" in answer.headers) == (204, b"", False)
    for path in ("", "/references", "/banks", "/masking"):
        gone = client.get(f"/products/{flange}{path}")
        assert (gone.status_code, gone.json()["code"]) == (404, "product-not-found")


def test_the_same_api_stands_under_v1(client: TestClient, service: Service) -> None:
    answer = client.post("/v1/products", json={"product_id": "flange"})
    assert answer.headers["Location"] == "/v1/products/flange"
    added = client.post("/v1/products/flange/references", content=photograph())
    assert added.headers["Location"] == "/v1/products/flange/banks/1"
    assert service.products.view("flange").references == 1


def test_a_deletion_can_be_undone(client: TestClient, flange: str) -> None:
    before = client.get(f"/products/{flange}").json()
    client.delete(f"/products/{flange}").raise_for_status()
    assert client.get("/products").json()["products"] == []
    restored = client.post(f"/products/{flange}/restore")
    assert (restored.status_code, restored.json()) == (200, before)
    assert restored.headers["ETag"] == f'"{before["revision"]}"'
    assert client.post(f"/products/{flange}/inspect", content=photograph(0)).json()["score"] < 1e-5


def test_an_id_that_is_given_anew_cannot_be_restored(client: TestClient, flange: str) -> None:
    client.delete(f"/products/{flange}").raise_for_status()
    client.put(f"/products/{flange}", json={}).raise_for_status()
    answer = client.post(f"/products/{flange}/restore")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_what_is_purged_cannot_be_restored(client: TestClient, flange: str) -> None:
    assert client.delete(f"/products/{flange}?purge=true").status_code == 204
    answer = client.post(f"/products/{flange}/restore")
    assert (answer.status_code, answer.json()["code"]) == (404, "product-not-found")
    assert client.delete(f"/products/{flange}?purge=maybe").status_code == 400
