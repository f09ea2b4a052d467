"""A browser that notices what a page must not do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request

PHONE, DESKTOP = (360, 740), (1280, 900)
GRAVE = ("serious", "critical")
Theme = Literal["light", "dark"]
TELL_VIOLATIONS = (
    "document.addEventListener('securitypolicyviolation', each => console.error(`CSP: ${each.violatedDirective}`))"
)


def chromium() -> str | None:
    """The browser of this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass(slots=True)
class Seen:
    """A page, and what went wrong in it: errors in its console, requests that left the host."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page of the console and wait until it rests."""
        self.page.goto(f"{self.address}/ui/{path}", wait_until="load")
        return self.page

    def barriers(self) -> list[str]:
        """What axe finds that keeps people out."""
        found: dict[str, Any] = Axe().run(self.page).response
        return [
            f"{each['id']}: {node['html'][:200]}"
            for each in found["violations"]
            if each["impact"] in GRAVE
            for node in each["nodes"]
        ]


@contextmanager
def seen(
    browser: Browser, address: str, size: tuple[int, int] = DESKTOP, theme: Theme = "light", language: str = "en"
) -> Iterator[Seen]:
    """A window of its own. At the end nothing may have gone wrong."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        locale=language,
    )
    context.add_init_script(TELL_VIOLATIONS)
    page = context.new_page()
    window = Seen(page, address)

    def requested(request: Request) -> None:
        if not request.url.startswith((address, "blob:", "data:")):
            window.wrong.append(f"a request to {request.url}")

    page.on("request", requested)
    page.on("pageerror", lambda error: window.wrong.append(f"{page.url}: {error}"))
    page.on("console", lambda told: window.wrong.append(f"{page.url}: {told.text}") if told.type == "error" else None)
    try:
        yield window
        assert not window.wrong
    finally:
        context.close()
