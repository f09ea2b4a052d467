"""What was inspected, in a browser."""

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.api.photographs import odd_part
from tests.web.pages.inspected import EVERYTHING_REACHES, Inspected, inspected, refused, sent

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Inspected]:
    with inspected(tmp_path) as running:
        yield running


def ids(page: str) -> list[str]:
    """Of the rows, in their order."""
    return [each.partition('"')[0] for each in page.split('id="row-')[1:]]


def test_the_newest_comes_first_with_its_numbers(service: Inspected) -> None:
    service.product(threshold=EVERYTHING_REACHES)
    first, second = service.inspect(8), service.inspect(9, part_id="SN 7/1", station_id="cam 2")
    page = service.browser("inspect").page("history")
    assert ids(page) == [second["inspection_id"], first["inspection_id"]]
    assert 'class="verdict not_ok"' in page
    assert f"<strong>{second['score']:.4f}".rstrip("0") in page
    assert '<a href="/ui/parts/SN%207/1">SN 7/1</a>' in page
    assert "Station cam 2" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("product_id=gear", ["gear"]), ("part_id=a", ["a"]), ("verdict=not_ok", ["bad", "a"]), ("truth=bad", ["bad"]),
        ("truth=none&verdict=not_ok", ["a"]), ("flag=uncalibrated", []), ("from=2999-01-01T00:00", []),
        ("to=2999-01-01T00:00", ["gear", "bad", "a"]), ("to=2999-01-01T00:00%2B01:00", ["gear", "bad", "a"]),
        ("product_id=&verdict=&from=", ["gear", "bad", "a"]), ("min_score=1000", []),
        ("bank_version=1", ["gear", "bad", "a"]),
    ],
)  # fmt: skip
def test_a_filter_finds_what_it_says(service: Inspected, query: str, found: list[str]) -> None:
    service.product(threshold=EVERYTHING_REACHES)
    service.product("gear", threshold=1.9)
    named = {name: service.inspect(part_id=name)["inspection_id"] for name in ("a", "bad")}
    named["gear"] = service.inspect(product_id="gear", part_id="gear")["inspection_id"]
    service.call(named["bad"], "bad")
    assert ids(service.browser().page(f"history?{query}")) == [named[name] for name in found]


def test_a_filter_stays_in_its_fields(service: Inspected) -> None:
    page = service.browser().page("history?product_id=flange&flag=drift&from=2026-11-28T06:00%2B01:00")
    assert 'name="product_id" value="flange"' in page
    assert '<option value="drift" selected>' in page
    assert 'name="from" step="any" value="2026-11-28T05:00:00"' in page
    assert "Nothing is found. Take something out of the filter." in page


@pytest.mark.parametrize("query", ["from=yesterday", "verdict=fine", "min_score=x", "cursor=x", "sort=score"])
def test_a_filter_that_cannot_be_understood_is_told(service: Inspected, query: str) -> None:
    page = service.browser().page(f"history?{query}", 400)
    assert "data-error" in page
    assert query.partition("=")[0] in page


def test_pages_join(service: Inspected, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.pages.history.page.PER_PAGE", 2)
    service.product()
    made = [service.inspect(number)["inspection_id"] for number in (7, 8, 9)]
    first = service.browser().page("history?product_id=flange")
    older = first.partition('href="/ui/history?product_id=flange&cursor=')[2].partition('"')[0]
    second = service.browser().page(f"history?product_id=flange&cursor={older}")
    assert ids(first) + ids(second) == made[::-1]
    assert "These were all." in second
    assert "These were all." not in first


def test_what_is_filtered_is_saved_as_a_table(service: Inspected) -> None:
    service.product(threshold=EVERYTHING_REACHES)
    service.inspect(part_id="=1+1")
    service.inspect(part_id="other")
    answer = service.browser("inspect").client.get("/ui/history.csv?part_id=%3D1%2B1&verdict=")
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [(row["part_id"], row["verdict"]) for row in rows] == [("'=1+1", "not_ok")]
    assert answer.headers["content-disposition"] == 'attachment; filename="inspections.csv"'


def test_a_key_sees_its_products_alone(service: Inspected) -> None:
    service.product()
    service.product("gear")
    other, own = service.inspect(), service.inspect(product_id="gear")
    browser = service.browser("gear")
    assert ids(browser.page("history")) == [own["inspection_id"]]
    assert len(browser.client.get("/ui/history.csv").text.splitlines()) == 2
    assert "not for the product 'flange'" in browser.page("history?product_id=flange", 403)
    browser.page(f"history/{other['inspection_id']}", 404)
    browser.page(f"history/{other['inspection_id']}/thumbnail.png", 404)
    browser.page(f"history/{other['inspection_id']}/photograph", 404)
    refused(browser, f"history/{other['inspection_id']}/feedback", 404, truth="good")


def test_what_people_say_is_kept_in_the_name_of_the_key(service: Inspected) -> None:
    service.product()
    path = f"history/{service.inspect()['inspection_id']}"
    browser = service.browser("feedback")
    assert sent(browser, f"{path}/feedback", truth="bad", comment=f"scratch\r\n{EVIL}") == f"/ui/{path}"
    (said,) = service.record(path.removeprefix("history/"))["feedback"]
    assert (said["truth"], said["comment"], said["by"]) == ("bad", f"scratch\n{EVIL}", "feedback")
    assert said["key"].startswith("feedback/")
    shown = browser.client.get(f"/ui/{path}").text
    assert "called bad" in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert EVIL not in shown


def test_who_judges_in_the_list_comes_back_to_their_row(service: Inspected) -> None:
    service.product()
    inspection_id = service.inspect()["inspection_id"]
    browser = service.browser("feedback")
    back = sent(browser, f"history/{inspection_id}/feedback", truth="good", back="product_id=flange")
    assert back == f"/ui/history?product_id=flange#row-{inspection_id}"
    assert "called good" in browser.page("history?product_id=flange")


def test_nobody_is_sent_elsewhere_by_what_they_come_back_to(service: Inspected) -> None:
    service.product()
    path = f"history/{service.inspect()['inspection_id']}/feedback"
    assert sent(service.browser(), path, truth="good", back="//evil.example\r\nX: y").startswith("/ui/history?")


@pytest.mark.parametrize(
    ("fields", "told"),
    [({}, "truth"), ({"truth": "fine"}, "truth"), ({"truth": "bad", "comment": "x" * 2001}, "comment")],
)
def test_feedback_that_says_nothing_is_refused(service: Inspected, fields: dict[str, str], told: str) -> None:
    service.product()
    inspection_id = service.inspect()["inspection_id"]
    assert told in refused(service.browser(), f"history/{inspection_id}/feedback", 400, **fields)
    assert service.record(inspection_id)["feedback"] == []


def test_a_key_for_feedback_alone_begins_with_the_history(service: Inspected) -> None:
    client = service.browser("feedback").client
    assert client.get("/ui").headers["location"] == "/ui/history"
    assert service.browser("inspect").client.get("/ui").headers["location"] == "/ui/products"


def test_who_may_not_judge_is_told_which_key_may(service: Inspected) -> None:
    service.product()
    inspection_id = service.inspect()["inspection_id"]
    browser = service.browser("inspect")
    assert "a key that has the scope feedback" in browser.page(f"history/{inspection_id}")
    assert 'value="good">✓' not in browser.page("history")


def test_an_inspection_is_told_whole(service: Inspected) -> None:
    service.product()
    told = service.inspect(odd_part(), part_id="SN-7", station_id="cam 2", meas_id="m 3")
    page = service.browser("inspect").page(f"history/{told['inspection_id']}")
    for each in ("SN-7", "cam 2", "m 3", told["image"]["sha256"], "Nobody has looked at this part yet."):
        assert each in page
    assert f"{len(told['regions'])}</text>" in page
    assert told["regions"][0]["nearest"]["reference"][:12] in page
    assert "at most 25% are called not ok on average" in page


def test_every_flag_says_what_to_do(service: Inspected) -> None:
    service.product(references=1)
    told = service.inspect()
    page = service.browser().page(f"history/{told['inspection_id']}")
    assert "uncalibrated" in told["flags"]
    for flag in told["flags"]:
        assert f'href="/ui/help#{flag}"' in page
    assert "Register three references or more" in page
    assert "Nothing is promised." in page


def test_pictures_are_of_the_inspection(service: Inspected) -> None:
    service.product(threshold=EVERYTHING_REACHES)
    path = f"/ui/history/{service.inspect()['inspection_id']}"
    client = service.browser("inspect").client
    sizes = {}
    for name in ("thumbnail.png", "heatmap.png?style=overlay", "photograph"):
        data = client.get(f"{path}/{name}").raise_for_status().content
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        sizes[name] = picture.shape[:2]
    assert sizes == {"thumbnail.png": (96, 120), "heatmap.png?style=overlay": (112, 140), "photograph": (128, 160)}


def test_it_is_told_why_there_is_no_picture(service: Inspected) -> None:
    service.product(keep="none")
    inspection_id = service.inspect()["inspection_id"]
    browser = service.browser("inspect")
    assert "set keep_pictures to all" in browser.page(f"history/{inspection_id}")
    assert "no picture" in browser.page("history")
    browser.page(f"history/{inspection_id}/thumbnail.png", 404)


def test_an_unknown_inspection_is_told(service: Inspected) -> None:
    assert "There is no inspection 'x'" in service.browser().page("history/x", 404)


def test_names_of_parts_and_stations_are_shown_and_not_run(service: Inspected) -> None:
    service.product()
    told = service.inspect(part_id=EVIL, station_id=EVIL, meas_id=EVIL)
    client = service.browser().client
    for path in ("history", f"history/{told['inspection_id']}", "parts/%3Cscript%3Ealert(1)%3C/script%3E"):
        text = client.get(f"/ui/{path}").raise_for_status().text
        assert EVIL not in text
        assert "&lt;script&gt;alert(1)" in text
