"""The wall screen follows the line, whatever becomes of the server."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.parts import part
from tests.e2e.server_process import ServerProcess, server_process
from tests.ui.browsing import seen

pytestmark = pytest.mark.ui

MOST_NODES = 50
"""So many more nodes than before may stand about: what the browser has not yet swept up."""


def inspect(server: ServerProcess, part_id: str) -> None:
    with server.client() as client:
        client.post("/products/plate/inspect", content=part(7), params={"part_id": part_id}).raise_for_status()


def test_it_recovers_by_itself_when_the_server_was_killed(browser: Browser, tmp_path: Path) -> None:
    with server_process(tmp_path, {}) as first:
        with first.client() as client:
            images = [("images", (f"{seed}.png", part(seed), "image/png")) for seed in range(3)]
            client.post("/products/plate/references", files=images).raise_for_status()
        with seen(browser, f"{first.scheme}://{first.host}:{first.port}") as window:
            page = window.go("line?products=plate")
            expect(page.locator("[data-now]")).to_contain_text("Nothing was inspected yet")
            inspect(first, "SN 1")
            expect(page.locator(".part")).to_have_text("SN 1", timeout=20_000)
            first.process.kill()
            expect(page.locator("[data-trouble]")).to_contain_text("this may be old", timeout=30_000)
            with server_process(tmp_path, {}, first.port) as second:
                expect(page.locator("[data-trouble]")).to_be_hidden(timeout=30_000)
                expect(page.locator(".part")).to_have_text("SN 1")
                inspect(second, "SN 2")
                expect(page.locator(".part")).to_have_text("SN 2", timeout=20_000)
            # A browser notes each connection that fails.
            window.wrong[:] = [each for each in window.wrong if "ERR_" not in each]


@pytest.mark.long
def test_it_keeps_no_more_however_much_passes(browser: Browser, tmp_path: Path) -> None:
    with server_process(tmp_path, {}) as server:
        with server.client() as client:
            images = [("images", (f"{seed}.png", part(seed), "image/png")) for seed in range(3)]
            client.post("/products/plate/references", files=images).raise_for_status()
        with seen(browser, f"{server.scheme}://{server.host}:{server.port}") as window:
            page = window.go("line")
            tools = page.context.new_cdp_session(page)

            def nodes() -> int:
                tools.send("HeapProfiler.collectGarbage")
                return int(tools.send("Memory.getDOMCounters")["nodes"])

            for number in range(300):
                inspect(server, f"SN {number}")
                if number == 20:
                    expect(page.locator(".part")).to_have_text("SN 20", timeout=20_000)
                    before = nodes()
            expect(page.locator(".part")).to_have_text("SN 299", timeout=20_000)
            assert nodes() < before + MOST_NODES
