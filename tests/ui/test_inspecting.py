"""A photograph is inspected, and looked at closely."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.browsing import PHONE, seen
from tests.ui.conftest import Console

pytestmark = pytest.mark.ui

DROP = """([name, text]) => {
  const held = new DataTransfer();
  held.items.add(new File([text], name, { type: "image/png" }));
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
}"""


def inspect(page: Page, photograph: Path) -> None:
    page.set_input_files("input[name=image]", photograph)
    page.click("form.inspect button.primary >> nth=0")
    expect(page.locator("[data-viewer][data-live]")).to_be_visible(timeout=60_000)


def test_a_bad_part_is_not_ok_and_its_spot_is_beside_a_reference(browser: Browser, console: Console) -> None:
    with seen(browser, console.address) as window:
        page = window.go("inspect?product=plate&part_id=SN+7")
        inspect(page, console.bad)
        expect(page.locator(".told .verdict")).to_have_text("not ok")
        expect(page.locator(".told h2")).to_contain_text("SN 7")
        expect(page.locator(".regions li").first.locator("svg")).to_have_count(2)
        assert page.url.endswith("/ui/inspect?product=plate&part_id=SN+7")
        assert window.barriers() == []


def test_photograph_and_heatmap_are_moved_together(browser: Browser, console: Console) -> None:
    with seen(browser, console.address) as window:
        page = window.go("inspect?product=plate")
        inspect(page, console.bad)
        drawing = page.locator("[data-viewer] svg")
        expect(drawing).to_have_count(1)
        expect(drawing.locator("image")).to_have_count(2)
        whole = drawing.get_attribute("viewBox")
        drawing.focus()
        page.keyboard.press("+")
        page.keyboard.press("ArrowRight")
        assert drawing.get_attribute("viewBox") != whole
        page.keyboard.press("0")
        x, y, width, height = (float(each) for each in str(drawing.get_attribute("viewBox")).split())
        assert [x, y, width, height] == [float(each) for each in str(whole).split()]
        page.locator("[data-opacity]").fill("0")
        expect(drawing.locator("image").nth(1)).to_have_attribute("opacity", "0")


def test_what_is_no_photograph_is_told_and_no_verdict_stays(browser: Browser, console: Console) -> None:
    with seen(browser, console.address, PHONE) as window:
        page = window.go("inspect?product=plate")
        inspect(page, console.good[0])
        page.evaluate(DROP, ["note.png", "nonsense"])
        expect(page.locator("[data-status]")).to_contain_text("no photograph that can be read")
        expect(page.locator("#result")).to_be_empty()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        # A browser notes each answer that is an error.
        window.wrong[:] = [each for each in window.wrong if "415" not in each]


def test_without_scripts_both_pictures_are_beside_each_other(browser: Browser, console: Console) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{console.address}/ui/inspect?product=plate")
    page.set_input_files("input[name=image]", console.bad)
    page.click("form.inspect button.primary >> nth=0")
    expect(page.locator("[data-viewer] figure")).to_have_count(2)
    expect(page.locator("[data-controls]")).to_be_hidden()
    context.close()
