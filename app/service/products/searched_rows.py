"""The settings that say which rows of a bank are searched, checked."""

from collections.abc import Mapping
from typing import Any

from app.engine.options import Coreset, Near, ProductSettings, Search
from app.errors import InvalidSettings
from app.service.products.numbers import number_between, whole_number

SMALLEST_CORESET_SHARE, LARGEST_CORESET_SHARE = 0.001, 0.9
FEWEST_CORESET_ROWS, MOST_CORESET_ROWS = 100, 10_000_000
SMALLEST_RADIUS, LARGEST_RADIUS = 1, 64


def coreset(value: Any) -> Coreset:
    """InvalidSettings for what is no coreset."""
    given = {key: each for key, each in value.items() if each is not None} if isinstance(value, Mapping) else {}
    if set(given) == {"share"}:
        smallest, largest = SMALLEST_CORESET_SHARE, LARGEST_CORESET_SHARE
        return Coreset(share=number_between("coreset.share", given["share"], smallest, largest))
    if set(given) == {"rows"}:
        return Coreset(rows=whole_number("coreset.rows", given["rows"], FEWEST_CORESET_ROWS, MOST_CORESET_ROWS))
    raise InvalidSettings('coreset: give null, a share of the rows, {"share": 0.1}, or their number, {"rows": 5000}.')


def near_or_anywhere(value: Any) -> Search:
    """InvalidSettings for what is no search."""
    if value == "anywhere":
        return "anywhere"
    if isinstance(value, Mapping) and set(value) == {"near"}:
        return Near(whole_number("search.near", value["near"], SMALLEST_RADIUS, LARGEST_RADIUS))
    raise InvalidSettings('search: give anywhere, or how far away a patch may be found, in patches: {"near": 2}.')


def require_unrotated(settings: ProductSettings) -> None:
    """InvalidSettings for rows of rotated references, which do not lie where the part is inspected."""
    if settings.search != "anywhere" and settings.rotation == "on":
        raise InvalidSettings(
            "search: patches can be searched near their own place only where the references are not rotated. Set "
            "rotation to off, or search to anywhere."
        )
