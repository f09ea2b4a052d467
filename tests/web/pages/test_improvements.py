"""Better banks from what people said, in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.photographs import odd_part
from tests.waiting import wait_until
from tests.web.pages.inspected import Inspected, inspected, refused, sent

PATH = "products/flange/improvements"
THRESHOLD = 0.31
"""About half of the parts lie above."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Inspected]:
    with inspected(tmp_path) as running:
        running.product(threshold=THRESHOLD)
        yield running


def rejected(service: Inspected) -> list[str]:
    told = [service.inspect(number) for number in range(3, 15)]
    return [each["inspection_id"] for each in told if each["verdict"] == "not_ok"]


def proposed(service: Inspected, path: str = PATH) -> str:
    """The path of a proposal, once its job has made it."""
    browser = service.browser("register")
    waiting = sent(browser, path)
    assert waiting.startswith(f"/ui/{path}?job=")
    wait_until(lambda: browser.client.get(waiting).status_code == 303)
    return str(browser.client.get(waiting).headers["location"]).removeprefix("/ui/")


def test_a_proposal_is_made_and_tells_what_it_would_change(service: Inspected) -> None:
    alarms = rejected(service)
    for each in alarms[:2]:
        service.call(each, "good")
    page = service.browser("inspect").page(proposed(service))
    assert "2 false alarms become references. 12 photographs of 12 inspections were looked at again" in page
    assert "Before: version 1" in page
    for each in alarms[:2]:
        assert f'src="/ui/history/{each}/thumbnail.png"' in page
    assert "verdicts would change" in page
    assert page.index('class="verdict ok"') > page.index('class="verdict not_ok"')


def test_a_proposal_serves_once_it_is_activated_and_says_where_to_go_back_to(service: Inspected) -> None:
    service.call(rejected(service)[0], "good")
    path = proposed(service)
    browser = service.browser("register")
    assert ">Activate<" in browser.page(path)
    assert sent(browser, f"{path}/activate") == f"/ui/{path}"
    page = browser.page(path)
    assert "activate bank version 1 again" in page
    assert ">Activate<" not in page
    assert "serves now" in browser.page(PATH)
    assert "activated a proposal" in browser.page("changes")


def test_a_key_that_only_looks_cannot_activate(service: Inspected) -> None:
    service.call(rejected(service)[0], "good")
    path = proposed(service)
    page = service.browser("inspect").page(path)
    assert ">Activate<" not in page
    assert "a key that has the scope register" in page
    refused(service.browser("inspect"), f"{path}/activate", 403)


def test_an_outdated_proposal_cannot_be_activated(service: Inspected) -> None:
    alarm = rejected(service)[0]
    service.call(alarm, "good")
    path = proposed(service)
    service.call(alarm, "bad")
    browser = service.browser("register")
    assert "Make another proposal." in browser.page(path)
    assert "changed since this proposal" in refused(browser, f"{path}/activate", 409)


def test_a_higher_threshold_has_to_be_wanted(service: Inspected) -> None:
    service.product("gear")
    service.call(service.inspect(odd_part(), "gear")["inspection_id"], "good")
    path = proposed(service, "products/gear/improvements")
    browser = service.browser("register")
    assert 'name="higher_threshold" value="true" required' in browser.page(path)
    assert "threshold would rise" in refused(browser, f"{path}/activate", 409)
    sent(browser, f"{path}/activate", higher_threshold="true")


def test_without_false_alarms_it_is_told_what_to_do(service: Inspected) -> None:
    assert "Nobody has called a part of 'flange' good" in refused(service.browser("register"), PATH, 409)


def test_a_job_of_something_else_is_none_of_it(service: Inspected) -> None:
    page = service.browser().page(f"{PATH}?job={'0' * 32}", 404)
    assert "data-error" in page


def test_false_alarms_are_told_beside_what_was_promised(service: Inspected) -> None:
    browser = service.browser("inspect")
    assert "No part was inspected in this time." in browser.page(PATH)
    alarm = rejected(service)[0]
    assert "nobody has looked at a part" in browser.page(PATH)
    service.call(alarm, "good")
    page = browser.page(PATH)
    assert "nobody has looked at a part" not in page
    assert "cannot be said: nothing was promised" in page
