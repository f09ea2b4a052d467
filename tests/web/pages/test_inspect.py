"""One photograph: its verdict, its pictures, and what is told of a wrong form."""

import re
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi import FastAPI

from app.engine.bank.nearest_patch import NearestPatch
from app.engine.types import Box, Size
from app.engine.verdict.regions import Region
from app.web.pages.inspect.comparisons import comparisons
from app.web.pages.inspect.recent import KEPT_S, RecentInspections
from app.web.rendering.photographs import shown
from tests.api.keyed_app import KeyedApp
from tests.api.photographs import photograph
from tests.web.pages_of import Browser, logged_in

ID = re.compile(r"/ui/inspect/([0-9a-f-]{36})/photograph")
EVIL = "<script>alert(1)</script>'\"&"


def sent(browser: Browser, *photographs: bytes, **fields: str) -> Any:
    files = [("image", ("part.png", each)) for each in photographs]
    return browser.client.post("/ui/inspect", data={"csrf": browser.csrf, **fields}, files=files or None)


def inspected(browser: Browser, product: str, data: bytes, **fields: str) -> tuple[str, str]:
    """The page, and the inspection's id."""
    answer = sent(browser, data, product=product, **fields)
    assert answer.status_code == 200, answer.text
    found = ID.search(answer.text)
    assert found is not None
    return answer.text, found[1]


def test_the_product_of_the_address_is_chosen(console: Browser) -> None:
    page = console.page("inspect?product=nut")
    assert '<option value="nut" selected>' in page
    assert '<option value="flange">' in page


def test_the_page_tells_what_is_on_record(console: Browser) -> None:
    page, inspection_id = inspected(console, "flange", photograph(3), part_id="SN-7", station_id="cam 1")
    record = console.client.get(f"/inspections/{inspection_id}").json()
    assert (record["verdict"], record["part_id"], record["station_id"]) == ("not_ok", "SN-7", "cam 1")
    assert 'class="verdict not_ok"' in page
    assert f"{record['score']:.4f}".rstrip("0") in page
    assert "The part is held" in page
    assert f'href="/ui/history/{inspection_id}"' in page


def test_each_flag_is_told_in_words_with_a_link_to_help(console: Browser) -> None:
    page, _ = inspected(console, "nut", photograph(4, width=200, height=128))
    assert 'href="/ui/help#different_aspect"' in page
    assert "Send photographs as the camera took the references." in page


def test_regions_are_beside_the_reference_that_they_came_nearest_to(console: Browser) -> None:
    page, inspection_id = inspected(console, "flange", photograph(5))
    regions = console.client.get(f"/inspections/{inspection_id}").json()["details"]["regions"]
    assert page.count("<h4>") == len(regions)
    for each in regions:
        address = f"/ui/inspect/references/flange/{each['nearest']['reference']}"
        assert address in page
        assert console.client.get(address).headers["content-type"] == "image/jpeg"


def test_the_pictures_are_shown_though_none_is_kept(console: Browser) -> None:
    _, inspection_id = inspected(console, "nut", photograph(6))
    assert console.client.get(f"/inspections/{inspection_id}/image").status_code == 404
    photograph_ = console.client.get(f"/ui/inspect/{inspection_id}/photograph")
    overlay = console.client.get(f"/ui/inspect/{inspection_id}/overlay.png")
    assert (photograph_.headers["content-type"], overlay.headers["content-type"]) == ("image/jpeg", "image/png")
    assert overlay.content.startswith(b"\x89PNG")


def test_kept_pictures_are_shown_later_and_others_are_not(console: Browser, app: FastAPI) -> None:
    _, kept = inspected(console, "flange", photograph(7))
    _, gone = inspected(console, "nut", photograph(7))
    app.state.recent_inspections = RecentInspections()
    for picture in ("photograph", "overlay.png"):
        assert console.client.get(f"/ui/inspect/{kept}/{picture}").status_code == 200
        answer = console.client.get(f"/ui/inspect/{gone}/{picture}")
        assert answer.status_code == 404
        assert "keep_pictures" in answer.text


def test_pictures_of_another_product_than_the_keys_are_not_shown(keyed: KeyedApp) -> None:
    references = keyed.client.post("/products/flange/references", content=photograph(0), headers=keyed.bearer("admin"))
    assert references.status_code == 201
    _, inspection_id = inspected(logged_in(keyed, "inspect"), "flange", photograph(8))
    for picture in ("photograph", "overlay.png"):
        assert logged_in(keyed, "some").client.get(f"/ui/inspect/{inspection_id}/{picture}").status_code == 403
    assert sent(logged_in(keyed, "some"), photograph(8), product="flange").status_code == 403


def test_who_may_not_see_references_is_told(keyed: KeyedApp) -> None:
    keyed.client.post("/products/bolt/references", content=photograph(0), headers=keyed.bearer("admin"))
    chosen = {"settings": {"threshold": {"value": 0.0, "bank_version": 1}}}
    keyed.client.patch("/products/bolt", json=chosen, headers=keyed.bearer("admin"))
    page, _ = inspected(logged_in(keyed, "inspect"), "bolt", photograph(9))
    assert "/ui/inspect/references/" not in page


@pytest.mark.parametrize(
    ("photographs", "fields", "status", "told"),
    [
        ([], {"product": "nut"}, 400, "Choose one photograph"),
        ([photograph(0), photograph(1)], {"product": "nut"}, 400, "Choose one photograph"),
        ([photograph(0)], {}, 400, "Choose the product"),
        ([photograph(0)], {"product": "../nut"}, 400, "product"),
        ([photograph(0)], {"product": "none"}, 404, "none"),
        ([b"nonsense"], {"product": "nut"}, 415, "no photograph that can be read"),
        ([photograph(0)[:-200]], {"product": "nut"}, 422, "ends early"),
        ([photograph(0)], {"product": "nut", "part_id": "x" * 201}, 400, "part_id"),
    ],
)
def test_a_wrong_form_is_told(
    console: Browser, photographs: list[bytes], fields: dict[str, str], status: int, told: str
) -> None:
    answer = sent(console, *photographs, **fields)
    assert answer.status_code == status, answer.text
    assert "data-error" in answer.text
    assert told in answer.text


def test_a_module_may_show_the_token_in_a_header_too(console: Browser) -> None:
    answer = console.client.post(
        "/ui/inspect",
        data={"csrf": console.csrf, "product": "nut"},
        files={"image": ("part.png", photograph(11))},
        headers={"X-CSRF-Token": console.csrf},
    )
    assert answer.status_code == 200


def test_what_a_caller_names_is_shown_and_not_run(console: Browser) -> None:
    page, _ = inspected(console, "nut", photograph(10), part_id=EVIL, station_id=EVIL)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_file_that_browsers_cannot_show_is_shown() -> None:
    tiff = photograph(0, suffix=".tiff", width=320, height=160)
    picture = cv2.imdecode(np.frombuffer(shown(tiff, 10**6, 200), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (100, 200, 3)
    assert shown(tiff, 10**6, 2000).startswith(b"\xff\xd8")


def test_recent_pictures_take_no_more_than_they_may() -> None:
    recent = RecentInspections(most_bytes=10)
    for name in ("a", "b", "c"):
        recent.keep(name, "nut", b"1234", b"5")
    assert recent.pictures("a") is None
    assert recent.pictures("b") is not None


def test_recent_pictures_are_gone_after_a_while() -> None:
    moments = [0.0]
    recent = RecentInspections(clock=lambda: moments[-1])
    recent.keep("a", "nut", b"1", b"2")
    moments.append(KEPT_S)
    assert recent.pictures("a") is not None
    moments.append(KEPT_S + 1)
    assert recent.pictures("a") is None


def test_both_places_of_a_comparison_are_in_the_middle_of_what_is_shown() -> None:
    nearest = NearestPatch(1, 90.0, Box(40, 10, 8, 8))
    region = Region(Box(90, 90, 30, 30), 900, 1.5, (104, 96), nearest, (3,))
    [each] = comparisons([region], ["one", "two"], {"two": Size(64, 96)})
    assert (each.place, each.around) == (Box(100, 92, 8, 8), Box(76, 68, 56, 56))
    assert each.around_nearest == Box(16, -14, 56, 56)
    assert (each.reference, each.reference_size) == ("two", Size(64, 96))
    [gone] = comparisons([region], ["one", "two"], {})
    assert gone.reference_size is None
