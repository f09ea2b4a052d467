"""What a change has made of a product, name by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

UNTOLD = frozenset({"revision"})
"""Counts changes; it says nothing of them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`name` as in `settings.alpha`; None: there was nothing, or is nothing any more."""

    name: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Difference]:
    """Between what differs of a product before and after, as the API tells it."""
    was, became = dict(_flat(before or {})), dict(_flat(after or {}))
    names = dict.fromkeys((*was, *became))
    return [Difference(name, was.get(name), became.get(name)) for name in names if name not in UNTOLD]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
