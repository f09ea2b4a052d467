"""A server with a product, and a browser."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.parts import part
from tests.e2e.server_process import ServerProcess, server_process
from tests.ui.browsing import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium: make test-tools")
        pytest.skip("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser  # for one file: its event loop is in the way of other tests of this process
        browser.close()


@dataclass(frozen=True, slots=True)
class Console:
    """A running server; `parts`: photographs of good parts, and of one with a spot."""

    server: ServerProcess
    address: str
    good: tuple[Path, ...]
    bad: Path


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("ui")
    good = tuple(folder / f"good-{seed}.png" for seed in range(8))
    for seed, path in enumerate(good):
        path.write_bytes(part(seed))
    bad = folder / "bad.png"
    bad.write_bytes(part(99, spoilt=True))
    with server_process(folder, {"SMALLER_EDGE": "224"}) as server:
        with server.client() as client:
            files = [("images", (path.name, path.read_bytes(), "image/png")) for path in good[:5]]
            client.post("/products/plate/references", files=files).raise_for_status()
            for path in (*good[5:], bad):
                client.post("/products/plate/inspect", content=path.read_bytes(), params={"part_id": f"SN {path.stem}"})
        yield Console(server, f"{server.scheme}://{server.host}:{server.port}", good, bad)
