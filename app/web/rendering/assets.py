"""Styles, modules and drawings of the pages, all in memory."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).parents[1] / "pages"
MEDIA_TYPES = {".css": "text/css", ".mjs": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media_type: str
    tag: str


def assets() -> dict[str, Asset]:
    """By `folder/file`, as it stands in the address."""
    found = {}
    for path in sorted(PAGES.rglob("*")):
        if path.suffix in MEDIA_TYPES:
            content = path.read_bytes()
            tag = hashlib.sha256(content).hexdigest()[:16]
            found[path.relative_to(PAGES).as_posix()] = Asset(content, MEDIA_TYPES[path.suffix], tag)
    return found


def tag_of(every: Mapping[str, Asset]) -> str:
    """Of all assets together."""
    return hashlib.sha256("".join(each.tag for each in every.values()).encode()).hexdigest()[:16]
