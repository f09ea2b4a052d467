"""Who changed what, in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.web.pages.changes.differences import Difference, differences
from tests.web.pages.inspected import Inspected, inspected

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Inspected]:
    with inspected(tmp_path) as running:
        yield running


def change(service: Inspected, alpha: float, by: str = "Ann", product_id: str = "flange") -> None:
    headers = service.keyed.bearer("admin") | {"Changed-By": by}
    path = f"/products/{product_id}"
    service.api.put(path, json={"settings": {"alpha": alpha}}, headers=headers).raise_for_status()


def test_a_change_is_told_in_words_with_what_differs(service: Inspected) -> None:
    change(service, 0.05)
    change(service, 0.01)
    page = service.browser("register").page("changes")
    assert "set up the product" in page
    assert '<span class="mono">settings.alpha</span>: 0.05 → 0.01' in page
    assert "The product is new." in page
    assert "Ann<br>" in page
    assert "key admin/" in page
    assert "✓ made" in page


def test_a_change_that_failed_is_told_as_failed(service: Inspected) -> None:
    change(service, 0.05)
    path, headers = "/products/flange", service.keyed.bearer("admin")
    assert service.api.patch(path, json={"settings": {"alpha": 7}}, headers=headers).status_code == 422
    page = service.browser("register").page("changes?action=change_product")
    assert "✕ failed <code>invalid-settings</code>" in page
    assert "nothing differs" in page


def test_changes_are_filtered_and_joined(service: Inspected) -> None:
    for alpha in (0.05, 0.01, 0.02):
        change(service, alpha)
    change(service, 0.05, product_id="gear")
    browser = service.browser("register")
    first = browser.page("changes?product_id=flange&limit=2")
    assert "0.01 → 0.02" in first
    assert "gear" not in first
    older = first.partition('href="/ui/changes?product_id=flange&limit=2&cursor=')[2].partition('"')[0]
    assert "The product is new." in browser.page(f"changes?product_id=flange&limit=2&cursor={older}")
    assert "Nothing is found." in browser.page("changes?from=2999-01-01T00:00")


def test_a_filter_that_cannot_be_understood_is_told(service: Inspected) -> None:
    assert "data-error" in service.browser("register").page("changes?from=yesterday", 400)


def test_who_looks_at_parts_does_not_see_changes(service: Inspected) -> None:
    browser = service.browser("inspect")
    browser.page("changes", 403)
    assert 'href="/ui/changes"' not in browser.page("history")


def test_names_are_shown_and_not_run(service: Inspected) -> None:
    change(service, 0.05, by=EVIL)
    text = service.browser("register").client.get("/ui/changes").text
    assert EVIL not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"settings": {"alpha": 1}}, {"settings": {"alpha": 2}}, [Difference("settings.alpha", 1, 2)]),
        (None, {"a": 1, "revision": 3}, [Difference("a", None, 1)]),
        ({"a": 1}, None, [Difference("a", 1, None)]),
        ({"near": None}, {"near": {"x": 1}}, [Difference("near", None, None), Difference("near.x", None, 1)]),
        ({"a": {}}, {"a": {"b": 1}}, [Difference("a", {}, None), Difference("a.b", None, 1)]),
        (None, None, []),
    ],
)
def test_differences_are_told_name_by_name(
    before: dict[str, object] | None, after: dict[str, object] | None, told: list[Difference]
) -> None:
    assert differences(before, after) == told
