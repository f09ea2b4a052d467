"""A product in the browser: photographs in, and the threshold moved among the scores."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.e2e.parts import part
from tests.ui.browsing import Seen, seen
from tests.ui.conftest import Console

pytestmark = pytest.mark.ui

PHOTOGRAPHS = "input[name=images]"
PASTE = """async name => {
  const canvas = new OffscreenCanvas(64, 48);
  canvas.getContext("2d").fillRect(0, 0, 20, 20);
  const given = new DataTransfer();
  given.items.add(new File([await canvas.convertToBlob()], name, { type: "image/png" }));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: given }));
}"""
DROP = PASTE.replace(
    'document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: given }))',
    'document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true }))',
)


@pytest.fixture
def window(browser: Browser, console: Console) -> Iterator[Seen]:
    with seen(browser, console.address) as opened:
        yield opened


def created(window: Seen, product_id: str) -> Page:
    page = window.go("products")
    page.get_by_label("Id: letters").fill(product_id)
    page.get_by_role("button", name="Create").click()
    expect(page.locator("h1")).to_have_text(product_id)
    return page


def add(page: Page) -> None:
    page.get_by_role("button", name="Add", exact=True).click()


def test_from_no_product_to_references_and_a_threshold(window: Seen, console: Console) -> None:
    page = created(window, "from-nothing")
    expect(page.locator(".banner").last).to_contain_text("Add a handful of photographs")
    page.set_input_files(PHOTOGRAPHS, [*console.good[:4]])
    expect(page.locator(".files li")).to_have_count(4)
    add(page)
    expect(page.locator(".head")).to_contain_text("bank version 1 · 4 references")
    expect(page.locator(".gallery img")).to_have_count(4)
    expect(page.locator(".banner").last).to_contain_text("The threshold is provisional")


def test_a_file_that_is_refused_says_why_and_the_others_are_taken(window: Seen, console: Console) -> None:
    page = created(window, "refused")
    broken = FilePayload(name="broken.png", mimeType="image/png", buffer=console.good[0].read_bytes()[:3000])
    page.set_input_files(PHOTOGRAPHS, [broken])
    page.set_input_files(PHOTOGRAPHS, [*console.good[:2]])
    add(page)
    expect(page.locator(".files li").first).to_contain_text("The PNG file ends early")
    expect(page.locator(".files li").last).to_contain_text("taken")
    page.get_by_role("link", name="Show what was taken").click()
    expect(page.locator(".head")).to_contain_text("2 references")
    window.wrong = [each for each in window.wrong if "status of 422" not in each]


@pytest.mark.parametrize(("how", "name"), [(PASTE, "pasted.png"), (DROP, "dropped.png")])
def test_a_picture_can_be_pasted_and_dropped(window: Seen, how: str, name: str) -> None:
    page = window.go("products/plate")
    page.evaluate(how, name)
    expect(page.locator(".files li")).to_contain_text(name)


def test_what_may_be_wrong_stands_beside_the_reference(window: Seen, console: Console) -> None:
    page = created(window, "doubled")
    page.set_input_files(PHOTOGRAPHS, [console.good[0]])
    add(page)
    expect(page.locator(".head")).to_contain_text("1 reference")
    page.set_input_files(
        PHOTOGRAPHS, [FilePayload(name="again.bmp", mimeType="image/bmp", buffer=part(0, suffix=".bmp"))]
    )
    add(page)
    expect(page.locator(".gallery .findings").first).to_contain_text("all but the same as another")


def test_the_threshold_is_moved_by_keys_and_mouse_and_saved(window: Seen, console: Console) -> None:
    page = created(window, "moved")
    page.set_input_files(PHOTOGRAPHS, [*console.good[:4]])
    add(page)
    expect(page.locator(".head")).to_contain_text("4 references")
    page.get_by_role("link", name="Calibration").last.click()
    page.get_by_label("They show").select_option("false")
    page.set_input_files(PHOTOGRAPHS, [console.bad])
    add(page)
    expect(page.locator(".gallery li")).to_have_count(1)
    assert window.barriers() == []
    told, slider = page.locator("[data-told]"), page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    expect(told).to_contain_text("that would be called not ok: 4 of 4.")
    expect(told).to_contain_text("Bad images that would be found: 1 of 1.")
    box = page.locator("[data-line] circle").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 2000, box["y"], steps=3)
    page.mouse.up()
    expect(told).to_contain_text("that would be called not ok: 0 of 4.")
    expect(told).to_contain_text("Bad images that would be found: 0 of 1.")
    page.get_by_role("button", name="Save as a threshold of your own").click()
    expect(page.locator("main")).to_contain_text("Nothing: the threshold is one of your own.")
    page.get_by_role("button", name="Go back to the measured one").click()
    expect(page.locator("main")).to_contain_text("On average")


def test_what_cannot_be_undone_is_asked_first(window: Seen) -> None:
    page = created(window, "asked")
    page.get_by_role("link", name="Settings").click()
    page.get_by_text("Delete asked").click()
    page.once("dialog", lambda asked: asked.dismiss())
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("asked")
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("asked was deleted")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator("h1")).to_have_text("asked")
