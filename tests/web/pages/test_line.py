"""The wall screen: what it shows, and how it follows."""

import http.client
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.errors import StorageUnavailable
from app.service.service import Service
from app.web.pages.line.line_state import LOOK_ANEW_S, LineWatch
from app.web.pages.line.shift import began
from app.web.pages.line.streams import Streams
from tests.api.keyed_app import KeyedApp
from tests.api.live_server import live_server
from tests.api.photographs import photograph
from tests.api.routes.test_records import locked
from tests.waiting import wait_until
from tests.web.pages.conftest import application
from tests.web.pages_of import Browser, logged_in

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def inspect(client: TestClient, product: str, number: int, **ids: str) -> str:
    answer = client.post(f"/products/{product}/inspect", content=photograph(number), params=ids)
    return str(answer.raise_for_status().json()["inspection_id"])


@pytest.fixture
def service(app: FastAPI) -> Service:
    found: Service = app.state.service
    return found


@pytest.mark.parametrize(
    ("at", "minutes_east", "moment", "start"),
    [
        (time(6), 0, "2026-11-28T12:00", "2026-11-28T06:00"),
        (time(6), 0, "2026-11-28T06:00", "2026-11-28T06:00"),
        (time(6), 0, "2026-11-28T05:59", "2026-11-27T06:00"),
        (time(22), 60, "2026-11-28T20:59", "2026-11-27T21:00"),
        (time(22), 60, "2026-11-28T21:00", "2026-11-28T21:00"),
        (time(0), -480, "2026-11-28T07:00", "2026-11-27T08:00"),
        (time(0), 540, "2026-11-28T16:00", "2026-11-28T15:00"),
    ],
)
def test_a_shift_began_when_the_clocks_of_its_place_last_showed_so(
    at: time, minutes_east: int, moment: str, start: str
) -> None:
    now, expected = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (moment, start))
    assert began(at, minutes_east, now) == expected


def test_the_newest_verdict_is_shown_with_its_picture(console: Browser) -> None:
    kept = inspect(console.client, "flange", 1, part_id="SN-1", station_id="cam 9")
    page = console.page("line")
    screen = page[page.index('class="screen not_ok"') :]
    assert "SN-1" in screen
    assert "cam 9" in screen
    assert f'src="/ui/inspect/{kept}/overlay.png"' in screen
    inspect(console.client, "nut", 1, part_id="SN-2")
    page = console.page("line")
    assert 'class="screen ok"' in page
    assert "No picture of it is kept" in page


def test_a_line_is_of_its_products(console: Browser) -> None:
    inspect(console.client, "flange", 2, part_id="of flange")
    inspect(console.client, "nut", 2, part_id="of nut")
    assert "of nut" not in console.page("line?products=flange")
    for query in ("products=flange,nut", "products=flange&products=nut"):
        page = console.page(f"line?{query}")
        assert page.index("of nut") < page.index("of flange")


def test_verdicts_are_counted_since_the_shift_began(console: Browser, service: Service) -> None:
    def counts(products: set[str] | None, since: datetime) -> Counter[str]:
        return Counter(LineWatch(service, None if products is None else frozenset(products)).look(since).counts)

    before = counts(None, LONG_AGO)
    inspect(console.client, "flange", 3)
    inspect(console.client, "nut", 3)
    assert counts(None, LONG_AGO) == before + Counter(ok=1, not_ok=1)
    assert counts({"nut"}, LONG_AGO)["not_ok"] == 0
    assert counts({"nut", "flange"}, LONG_AGO) == counts(None, LONG_AGO)
    assert counts(None, datetime.now(UTC) + timedelta(hours=1)) == {}


def test_a_watch_tells_the_same_until_there_is_something_new(console: Browser, service: Service) -> None:
    watch = LineWatch(service, frozenset({"nut"}))
    first = watch.look(LONG_AGO)
    assert watch.look(LONG_AGO) is first
    inspect(console.client, "flange", 4)
    assert watch.look(LONG_AGO) is first
    newest = inspect(console.client, "nut", 4)
    second = watch.look(LONG_AGO)
    assert second is not first
    assert second.newest[0].inspection_id == newest
    assert len(second.newest) <= 8


def test_a_new_shift_is_seen_though_nothing_comes(console: Browser, service: Service) -> None:
    inspect(console.client, "nut", 5)
    moments = [0.0]
    watch = LineWatch(service, None, lambda: moments[-1])
    assert watch.look(LONG_AGO).counts["ok"] > 0
    moments.append(LOOK_ANEW_S)
    assert watch.look(datetime.now(UTC) + timedelta(hours=1)).counts == {}


def test_a_screen_that_may_be_behind_says_so(console: Browser, app: FastAPI) -> None:
    with locked(app.state.settings):
        inspect(console.client, "nut", 7)
        assert "there may be newer verdicts" in console.page("line")
    wait_until(lambda: "there may be newer verdicts" not in console.page("line"))


@pytest.mark.parametrize(
    ("query", "status"), [("shift=25:00", 400), ("zone=9999", 400), ("products=flange&shift=06:00&zone=60", 200)]
)
def test_a_wrong_query_is_told(console: Browser, query: str, status: int) -> None:
    assert console.client.get(f"/ui/line?{query}").status_code == status


def test_a_line_of_other_products_than_the_keys_is_not_shown(keyed: KeyedApp) -> None:
    browser = logged_in(keyed, "some")
    assert browser.client.get("/ui/line?products=flange").status_code == 403
    assert browser.client.get("/ui/line/events?products=b,flange").status_code == 403


def test_without_records_it_says_what_to_set(keyed: KeyedApp) -> None:
    answer = logged_in(keyed, "inspect").client.get("/ui/line")
    assert answer.status_code == 409
    assert "INSPECTOR_RECORDS" in answer.text


def test_names_are_shown_and_not_run(console: Browser) -> None:
    inspect(console.client, "nut", 6, part_id="<script>alert(1)</script>", station_id="<b>")
    page = console.client.get("/ui/line").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_one_screen_too_many_is_refused(console: Browser, app: FastAPI) -> None:
    app.state.line_streams = Streams(most=0)
    answer = console.client.get("/ui/line/events")
    assert answer.status_code == 503
    assert "Close one" in answer.text


class Away:
    """Records whose database cannot be read."""

    MESSAGE = "The records cannot be read now."

    def page(self, *_: object) -> object:
        raise StorageUnavailable(self.MESSAGE)


class Stream:
    """The events of a line screen, as they come."""

    def __init__(self, host: str, port: int, query: str = "") -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=60)
        self._connection.request("GET", f"/ui/line/events?{query}")
        self.answer = self._connection.getresponse()

    def next(self, name: str) -> str:
        """The data of the next event of this name; EOFError where the stream ends before."""
        for found, data in self._events():
            if found == name:
                return data
        raise EOFError

    def ended(self) -> bool:
        return not [name for name, _ in self._events() if name == "seen"]

    def close(self) -> None:
        self.answer.close()
        self._connection.close()

    def _events(self) -> Iterator[tuple[str, str]]:
        name, data = "", []
        while line := self.answer.readline().decode():
            key, _, value = line.rstrip("\n").partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                data.append(value)
            elif not key:
                yield name, "\n".join(data)
                name, data = "", []


def test_a_screen_follows_the_line_until_the_service_stops(tmp_path: Path) -> None:
    app = application(tmp_path)
    with (
        live_server(app) as (host, port),
        httpx2.Client(base_url=f"http://{host}:{port}", timeout=60) as client,
        closing(Stream(host, port)) as stream,
    ):
        client.post("/products/flange/references", content=photograph(0)).raise_for_status()
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.next("assets") == app.state.pages.assets_tag
        assert "Nothing was inspected yet" in stream.next("seen")
        sent = client.post("/products/flange/inspect", content=photograph(1), params={"part_id": "SN-42"})
        assert sent.status_code == 200
        assert "SN-42" in stream.next("seen")
        assert stream.next("beat")
        service, records = app.state.service, app.state.service.records
        service.records = Away()
        assert stream.next("trouble") == Away.MESSAGE
        service.records = records
        assert "SN-42" in stream.next("seen")
        service.drain()
        assert stream.ended()
        wait_until(lambda: app.state.line_streams.open == 0)
