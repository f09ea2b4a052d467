"""What callers say with a photograph besides its ids: a small map."""

import json
import math
from typing import Any

from app.api.parsing.text import visible_text
from app.errors import TooMuchAsked

MOST_BYTES, MOST_KEYS, LONGEST_KEY, LONGEST_TEXT = 4096, 32, 64, 200
LARGEST_INTEGER = 2**53 - 1
"""Larger ones are another number in programs that read JSON numbers as doubles."""


def metadata_text(given: str) -> str:
    """The same map as JSON in its one form: keys in order, no blanks.

    Raises:
        ValueError: it is no map of texts, numbers and truth values, or none that every program reads alike.
        TooMuchAsked: it has too many keys or too long ones.
    """
    _bounded("bytes of metadata", len(given.encode()), MOST_BYTES)
    try:
        found = json.loads(given, object_pairs_hook=_Pairs, parse_constant=_no_number)
    except (json.JSONDecodeError, RecursionError):
        found = None
    if not isinstance(found, _Pairs):
        raise ValueError('This is no JSON object. Send metadata as {"order": "4711", "rework": false}.')
    _bounded("keys of metadata", len(found), MOST_KEYS)
    for key, value in found:
        _bounded("characters of a metadata key", len(key), LONGEST_KEY)
        _check_value(visible_text(key), value)
    if len(dict(found)) < len(found):
        raise ValueError("A key of the metadata is given twice. Leave one out.")
    return json.dumps(dict(found), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class _Pairs(list[tuple[str, Any]]):
    """An object with all of its keys, those that are there twice included."""


def _check_value(key: str, value: object) -> None:
    if isinstance(value, str):
        _bounded("characters of a metadata value", len(value), LONGEST_TEXT)
        visible_text(value)
    elif not isinstance(value, bool | int | float):
        raise ValueError(f"The metadata key {key!r} has no text, number, true or false. Send one, or leave it out.")
    elif not math.isfinite(value) or (isinstance(value, int) and abs(value) > LARGEST_INTEGER):
        raise ValueError(f"The metadata key {key!r} has a number that not every program can read. Send it as a text.")


def _no_number(name: str) -> None:
    raise ValueError(f"The metadata holds {name}, which is no JSON. Leave it out.")


def _bounded(what: str, count: int, most: int) -> None:
    if count > most:
        raise TooMuchAsked(f"There are {count} {what}, and at most {most} may be. Send less.", limit=most)
