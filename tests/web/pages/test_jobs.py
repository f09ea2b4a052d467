"""Batches without references."""

import re
from typing import Any

import pytest

from tests.api.photographs import photograph
from tests.waiting import wait_until
from tests.web.pages_of import Browser

NAME = '<img src=x onerror="alert(1)">.png'


def sent(browser: Browser, *photographs: bytes, **fields: str) -> Any:
    files = [("images", (f"{number} {NAME}", each)) for number, each in enumerate(photographs)]
    return browser.client.post("/ui/jobs/zero-shot", data={"csrf": browser.csrf, **fields}, files=files or None)


def started(browser: Browser) -> str:
    """The path of its page below /ui."""
    answer = sent(browser, *map(photograph, range(3)), masking="off")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removeprefix("/ui/")


def test_the_results_are_shown_with_the_oddest_first(console: Browser) -> None:
    path = started(console)
    wait_until(lambda: "is done" in console.page(path))
    page = console.client.get(f"/ui/{path}").text
    told = console.client.get(f"/{path}").json()["results"]
    oddest = [each["index"] for each in sorted(told, key=lambda each: -each["score"])]
    assert [int(index) for index in re.findall(r"/heatmaps/(\d)\.png", page)] == oddest
    assert console.client.get(f"/ui/{path}/heatmaps/0.png").content.startswith(b"\x89PNG")
    assert NAME not in page
    assert "&lt;img src=x" in page


def test_a_job_can_be_removed(console: Browser) -> None:
    path = started(console)
    wait_until(lambda: "is done" in console.page(path))
    answer = console.client.post(f"/ui/{path}/delete", data={"csrf": console.csrf})
    assert answer.headers["location"] == "/ui/jobs"
    assert "There is no job" in console.page(path, 404)


@pytest.mark.parametrize(
    ("photographs", "fields", "status", "told"),
    [
        ([], {}, 400, "two images or more"),
        ([photograph(0)], {}, 400, "two images or more"),
        ([photograph(0), b"nonsense"], {}, 415, "no photograph"),
        ([photograph(0), photograph(1)], {"masking": "perhaps"}, 400, "masking"),
        ([photograph(0)] * 65, {}, 413, "Send fewer"),
    ],
)
def test_a_wrong_batch_is_told(
    console: Browser, photographs: list[bytes], fields: dict[str, str], status: int, told: str
) -> None:
    answer = sent(console, *photographs, **fields)
    assert answer.status_code == status, answer.text
    assert told in answer.text


def test_what_is_no_job_is_told(console: Browser) -> None:
    assert "There is no job" in console.page("jobs/unknown", 404)
    assert console.client.get(f"/ui/jobs/{'0' * 32}/heatmaps/0.png").status_code == 404
