"""Which media type the caller wants (RFC 9110, 12.5.1)."""

from collections.abc import Sequence

from app.errors import NotAcceptable

JSON = "application/json"
PNG = "image/png"


def preferred(accept: str | None, offers: Sequence[str]) -> str:
    """The offer that `accept` gives the highest quality; the earlier one of equals.

    Raises:
        NotAcceptable: the header excludes every offer.
    """
    if accept is None or not accept.strip():
        return offers[0]
    ranges = [_parsed(entry) for entry in accept.split(",") if entry.strip()]
    qualities = [_quality(offer, ranges) for offer in offers]
    best = max(qualities)
    if best <= 0:
        raise NotAcceptable(f"Accept: {accept[:200]} matches none of {', '.join(offers)}. Ask for one of these.")
    return offers[qualities.index(best)]


def _parsed(entry: str) -> tuple[str, float]:
    media_range, *parameters = (part.strip().lower() for part in entry.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media_range, float(value)
            except ValueError:
                return media_range, 0.0
    return media_range, 1.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The quality given by the most exact range that matches; 0 where none does."""
    for candidate in (offer, offer.split("/")[0] + "/*", "*/*"):
        matching = [quality for media_range, quality in ranges if media_range == candidate]
        if matching:
            return max(matching)
    return 0.0
