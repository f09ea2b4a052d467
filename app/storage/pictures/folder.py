"""Where pictures lie: product, date and hour (UTC), then the inspection's id. And what was removed of them.

What a method has changed survives a power cut once it returns. All methods raise StorageFull and StorageUnavailable.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.storage.disk.durable import (
    explained,
    list_folder,
    make_folder,
    move_durably,
    read_if_present,
    sync_folder,
    write_durably,
)
from app.storage.product_id import checked_product_id
from app.storage.store import RESTORABLE_S

SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/webp": ".webp",
}
MAP_SUFFIX = ".map.png"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
HOUR = "%Y-%m-%d/%H"
LOCK, REMOVED_UNTIL = ".lock", ".removed-until-us"
_PRODUCT = re.compile(r"(?P<product_id>[A-Za-z0-9][A-Za-z0-9._-]*)(@(?P<deleted_ms>[0-9]{13}))?")


@dataclass(frozen=True, slots=True)
class PictureName:
    """Whose pictures: an inspection, its product, when it was (microseconds since 1970, UTC), and the media type of its
    photograph."""

    inspection_id: str
    product_id: str
    at_us: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Removals:
    """Which pictures are gone on purpose: those of inspections up to `until_us`, to keep the limits, and those of
    products (by id) that were `deleted`, up to then (µs)."""

    until_us: int
    deleted: Mapping[str, int]

    def include(self, product_id: str, at_us: int) -> bool:
        """Whether the pictures of an inspection of then are among them."""
        return at_us <= self.until_us or self.with_product(product_id, at_us)

    def with_product(self, product_id: str, at_us: int) -> bool:
        """Whether they went with their product."""
        return at_us <= self.deleted.get(product_id, -1)


NOTHING_REMOVED = Removals(0, {})


class PictureFolder:
    """A folder of pictures, which several processes may share. That of a deleted product is renamed whole, and stays
    behind empty: so it is known of a later product of the same id which pictures are not its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def photograph(self, name: PictureName) -> Path:
        return self._hour(name) / f"{name.inspection_id}{SUFFIXES[name.media_type]}"

    def patch_map(self, name: PictureName) -> Path:
        return self._hour(name) / f"{name.inspection_id}{MAP_SUFFIX}"

    def hours(self) -> Iterator[tuple[int, Path]]:
        """Each folder of an hour, those of deleted products too, with the time that it begins (µs)."""
        for product, _ in self._named():
            for date in list_folder(product) if product.is_dir() else ():
                for hour in list_folder(date) if _DATE.fullmatch(date.name) else ():
                    with suppress(ValueError):  # no folder of ours
                        begins = datetime.strptime(f"{date.name}/{hour.name}", HOUR).replace(tzinfo=UTC)
                        yield int(1_000_000 * begins.timestamp()), hour

    def removals(self) -> Removals:
        text = read_if_present(self.root / REMOVED_UNTIL)
        deleted: dict[str, int] = {}
        for _, product_id, deleted_ms in self._asides():
            deleted[product_id] = max(1000 * deleted_ms, deleted.get(product_id, 0))
        return Removals(int(text) if text and text.isdigit() else 0, deleted)

    def remove_until(self, until_us: int) -> None:
        """Say that pictures up to then are removed, before they are."""
        if until_us > self.removals().until_us:
            write_durably(self.root / REMOVED_UNTIL, str(until_us).encode())

    def put_aside(self, product_id: str) -> None:
        """Take the pictures of a product away; for `RESTORABLE_S` they can be brought back."""
        own = self.root / checked_product_id(product_id)
        if own.exists():
            move_durably(own, self.root / f"{product_id}@{int(1000 * time.time()):013d}")

    def bring_back(self, product_id: str, born_us: int) -> None:
        """Undo it, for a product that was made then (µs): an earlier one's pictures stay away."""
        own = self.root / checked_product_id(product_id)
        for aside, whose, deleted_ms in self._asides():
            if whose == product_id and 1000 * deleted_ms >= born_us:
                if own.exists():
                    _merge(aside, own)
                else:
                    move_durably(aside, own)

    def clear_asides(self, product_id: str | None = None) -> None:
        """Remove what was taken away of a product; None: of all, what cannot come back any more."""
        oldest_ms = 1000 * (time.time() - RESTORABLE_S)
        for aside, whose, deleted_ms in self._asides():
            if whose == product_id or (product_id is None and deleted_ms < oldest_ms):
                for date in list_folder(aside):
                    with explained(date):
                        shutil.rmtree(date)
                    sync_folder(aside)

    def _named(self) -> list[tuple[Path, re.Match[str]]]:
        """What has the name of a product, or of a deleted one."""
        named = ((each, _PRODUCT.fullmatch(each.name)) for each in list_folder(self.root))
        return [(each, name) for each, name in named if name]

    def _asides(self) -> list[tuple[Path, str, int]]:
        named = self._named()
        return [(each, name["product_id"], int(name["deleted_ms"])) for each, name in named if name["deleted_ms"]]

    def _hour(self, name: PictureName) -> Path:
        at = datetime.fromtimestamp(name.at_us / 1_000_000, UTC)
        return self.root / checked_product_id(name.product_id) / at.strftime(HOUR)


def _merge(source: Path, target: Path) -> None:
    for path in [each for each in source.rglob("*") if each.is_file()]:
        make_folder(target / path.parent.relative_to(source))
        move_durably(path, target / path.relative_to(source))
    with explained(source):
        shutil.rmtree(source)


def remove_empty(hour: Path) -> None:
    """Remove the folder of an hour, and that of its date, where they hold nothing."""
    for folder in (hour, hour.parent):
        with suppress(OSError):
            folder.rmdir()


def files_in(hour: Path) -> list[tuple[str, int, int]]:
    """Name, size in bytes, and time (µs since 1970) of each file, those that a writer left half included."""
    with explained(hour), os.scandir(hour) as entries:
        found = [(entry.name, entry.stat()) for entry in entries]
    return [(name, state.st_size, state.st_mtime_ns // 1000) for name, state in found]
