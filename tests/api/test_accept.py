"""Content negotiation."""

import pytest

from app.api.accept import JSON, PNG, preferred
from app.errors import NotAcceptable

BROWSER_IMAGE = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("image/png", PNG),
        ("image/*", PNG),
        ("IMAGE/PNG", PNG),
        ("application/json, image/png", JSON),
        ("application/json;q=0.5, image/png", PNG),
        ("image/png;q=0.1, */*;q=0.2", JSON),
        ("application/json;q=0, */*", PNG),
        ("text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        (BROWSER_IMAGE, PNG),
    ],
)
def test_the_most_wanted_media_type_is_chosen(accept: str | None, chosen: str) -> None:
    assert preferred(accept, (JSON, PNG)) == chosen


@pytest.mark.parametrize("accept", ["text/html", "image/jpeg", "application/json;q=0", "*/*;q=none"])
def test_a_header_that_excludes_everything_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="application/json, image/png"):
        preferred(accept, (JSON, PNG))
