"""The files that settings may stand in, looked at before they are read: their encoding, and the names in them."""

import codecs
import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from dotenv import dotenv_values

from app.errors import ConfigurationError

ENV_ENCODING = "utf-8-sig"
"""Takes a byte-order mark, which would else become part of the first name."""


def require_utf8(path: Path, *, mark_allowed: bool = False) -> None:
    """ConfigurationError for a file that is there and no UTF-8 text, or that may not be read."""
    try:
        data = path.read_bytes() if path.is_file() else b""
        text = data.decode()
    except OSError as error:
        raise ConfigurationError(
            f"{path.absolute()} cannot be read ({error.strerror}). Let the service's user read it."
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.absolute()} is no UTF-8 text. Save it as UTF-8.") from None
    # UTF-16 without its mark is valid UTF-8 with a NUL behind each letter: no name in it would be found.
    if "\0" in text:
        raise ConfigurationError(f"{path.absolute()} is no UTF-8 text: it holds NUL bytes. Save it as UTF-8.")
    if data.startswith(codecs.BOM_UTF8) and not mark_allowed:
        raise ConfigurationError(f"{path.absolute()} begins with a byte-order mark. Save it as UTF-8 without one.")


def names_in_file(path: Path) -> Iterator[tuple[str, str]]:
    """The names that a `.env` gives, each with the file's path."""
    if path.is_file():
        yield from ((str(path), name) for name in dotenv_values(path, encoding=ENV_ENCODING))


def names_of_secrets(folder: Path | None) -> Iterator[tuple[str, str]]:
    """The names of the secrets, each with their folder."""
    if folder:
        yield from ((str(folder), path.name) for path in sorted(folder.iterdir()))


NEARLY = 0.9
"""Likeness (0..1) from which a prefix is taken for a slip of the pen: one letter changed, left out or doubled."""


def unknown_names(given: Iterable[tuple[str, str]], prefix: str, known: Iterable[str]) -> list[str]:
    """A line for each given name that begins with the prefix and goes on with none of the known ones, or the other way
    round, with a prefix that is nearly the right one: where it stands, and the nearest known one. Upper and lower case
    are the same; values are not shown."""
    known = sorted(known)
    told = []
    for place, name in given:
        head, underscore, bare = name.upper().partition("_")
        is_ours, is_known = head + underscore == prefix, bare in known
        nearly_ours = difflib.SequenceMatcher(None, head + underscore, prefix).ratio() >= NEARLY
        if is_known if is_ours else not (is_known and nearly_ours):
            continue
        [nearest] = difflib.get_close_matches(bare, known, n=1, cutoff=0.0)
        told.append(f"{name} ({place}) is no setting and has no effect. Is {prefix}{nearest} meant?")
    return told
