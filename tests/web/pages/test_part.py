"""A part over all its products and cameras, in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.pages.inspected import EVERYTHING_REACHES, Inspected, inspected

PASSES = 1.9


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Inspected]:
    with inspected(tmp_path) as running:
        running.product("flange", threshold=PASSES)
        running.product("gear", threshold=PASSES)
        yield running


def verdict(page: str) -> str:
    """Of the part: the first on its page."""
    return page.partition('<span class="verdict ')[2].partition('"')[0]


def test_a_part_is_ok_where_each_product_says_so(service: Inspected) -> None:
    service.inspect(product_id="flange", part_id="SN/7")
    service.inspect(product_id="gear", part_id="SN/7")
    page = service.browser("inspect").page("parts/SN/7")
    assert verdict(page) == "ok"
    assert "The part may be released." in page
    assert page.count('class="look"') == 2


def test_the_worst_counts_and_all_inspections_are_listed(service: Inspected) -> None:
    service.product("plate", threshold=EVERYTHING_REACHES)
    for product_id in ("flange", "flange", "plate"):
        service.inspect(product_id=product_id, part_id="7")
    page = service.browser("inspect").page("parts/7")
    assert verdict(page) == "not_ok"
    assert "All its inspections" in page
    assert page.count('class="look"') == 2 + 3


def test_what_is_missing_is_named(service: Inspected) -> None:
    service.inspect(part_id="7")
    page = service.browser("inspect").page("parts/7?products=flange,+gear,,")
    assert verdict(page) == "incomplete"
    assert "Not inspected yet as: <strong>gear</strong>" in page
    assert 'name="products" value="flange, gear"' in page


def test_what_is_hidden_is_counted(service: Inspected) -> None:
    service.inspect(product_id="flange", part_id="7")
    service.inspect(product_id="gear", part_id="7")
    page = service.browser("gear").page("parts/7")
    assert verdict(page) == "incomplete"
    assert "1 more product has inspected it" in page
    assert "flange" not in page


def test_what_people_say_of_a_part_is_told(service: Inspected) -> None:
    service.call(service.inspect(part_id="7")["inspection_id"], "bad")
    page = service.browser("inspect").page("parts/7")
    assert verdict(page) == "not_ok"
    assert "called bad" in page


def test_an_unknown_part_is_told(service: Inspected) -> None:
    assert "No inspection names the part 'x'" in service.browser().page("parts/x", 404)
