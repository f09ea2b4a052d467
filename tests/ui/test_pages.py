"""Every page, in both looks, on a phone and on a desk: nothing goes wrong, and nobody is kept out."""

import pytest
from playwright.sync_api import Browser

from tests.ui.browsing import DESKTOP, PHONE, Theme, seen
from tests.ui.conftest import Console

PRODUCT = tuple(
    f"products/plate{part}"
    for part in ("", "/calibration", "/banks", "/settings", "/improvements", "/findings?coverage=on", "/deleted")
)
PAGES = (
    "line", "products", *PRODUCT, "inspect", "history", "parts/SN good-5", "jobs", "changes", "system", "system/keys",
    "help", "login",
)  # fmt: skip


@pytest.mark.parametrize(
    ("size", "theme"),
    [
        pytest.param(DESKTOP, "light", id="desktop, light", marks=pytest.mark.ui),
        pytest.param(DESKTOP, "dark", id="desktop, dark", marks=pytest.mark.ui),
        pytest.param(PHONE, "light", id="phone, light", marks=pytest.mark.ui),
        pytest.param(PHONE, "dark", id="phone, dark"),
    ],
)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_keeps_nobody_out_and_does_nothing_that_it_must_not(
    browser: Browser, console: Console, path: str, size: tuple[int, int], theme: Theme
) -> None:
    with seen(browser, console.address, size, theme) as window:
        page = window.go(path)
        assert window.barriers() == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.ui
@pytest.mark.parametrize(("language", "told"), [("de", "Produkte"), ("ja", "製品"), ("zh", "产品"), ("fr", "Products")])
def test_a_page_speaks_the_language_of_its_browser(
    browser: Browser, console: Console, language: str, told: str
) -> None:
    with seen(browser, console.address, language=language) as window:
        assert told in window.go("products").inner_text("h1")
