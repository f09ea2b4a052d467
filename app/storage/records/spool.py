"""Records that wait on the disk until the database takes them."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import StorageFull
from app.storage.disk.durable import explained, sync_folder
from app.storage.records.kept import Kept, kept_of_line

logger = logging.getLogger(__name__)

COMING, GOING, UNREADABLE = "coming.jsonl", "going.jsonl", "unreadable.jsonl"
WHOLE = b"}\n"
TOGETHER = 500
"""Records that are taken out at once."""


class Spool:
    """Lines of JSON in the order in which they came. What `put` has returned survives a power cut.

    New ones go to one file; to be taken out, it is renamed first, so that both can go on at once.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """StorageFull, StorageUnavailable: the folder cannot be used."""
        self._folder, self._most_bytes = folder, most_bytes
        self._turn = threading.Lock()
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._sizes = {name: _size(folder / name) for name in (COMING, GOING)}
            aside = folder / UNREADABLE
            self._unreadable = aside.read_bytes().count(b"\n") if aside.exists() else 0

    @property
    def size_bytes(self) -> int:
        """What waits. The disk, which may hang, is not asked."""
        return sum(self._sizes.values())

    @property
    def unreadable(self) -> int:
        """Lines that were put here whole and cannot be read any more. They are kept aside until somebody removes them:
        what they say of a part, nobody knows."""
        return self._unreadable

    @property
    def is_empty(self) -> bool:
        return self.size_bytes == 0

    def put(self, record: Kept) -> None:
        """Append a record. StorageFull: there is no room, by the limit or on the disk; StorageUnavailable."""
        line = record.line()
        with self._turn, explained(self._folder):
            if self.size_bytes + len(line) > self._most_bytes:
                raise StorageFull(
                    f"The records that wait in {self._folder} take all of their {self._most_bytes} bytes."
                )
            path = self._folder / COMING
            new = not path.exists()
            try:
                _append(path, line)
            finally:
                self._sizes[COMING] = _size(path)
            if new:
                sync_folder(self._folder)

    @contextmanager
    def taking(self, aside: "Spool | None" = None) -> Iterator[Iterator[list[Kept]]]:
        """The oldest records, some at a time. Where the body ends without an error, they are gone; else they stay. What
        cannot be read is kept `aside` (None: here).

        StorageUnavailable, StorageFull: the files cannot be used.
        """
        path = self._folder / GOING
        with self._turn, explained(self._folder):
            coming = self._folder / COMING
            if not path.exists() and coming.exists():
                coming.rename(path)
                sync_folder(self._folder)
                self._sizes |= {COMING: 0, GOING: _size(path)}
        yield _read(path, (aside or self)._keep_aside)
        with self._turn, explained(self._folder):
            path.unlink(missing_ok=True)
            sync_folder(self._folder)
            self._sizes[GOING] = 0

    def inherit(self, other: "Spool") -> None:
        """Take over what waits in another one. StorageFull, StorageUnavailable: what finds no room stays there."""
        while not other.is_empty:
            with other.taking(self) as groups:
                for group in groups:
                    for record in group:
                        self.put(record)

    def _keep_aside(self, line: bytes) -> None:
        path = self._folder / UNREADABLE
        _append(path, line)
        sync_folder(self._folder)
        self._unreadable += 1


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _append(path: Path, line: bytes) -> None:
    """A line that was cut off by a power cut or a full disk is ended first, so that it spoils no other."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        data = b"\n" + line if torn else line
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, data[written:])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path, keep_aside: Callable[[bytes], None]) -> Iterator[list[Kept]]:
    if not path.exists():
        return
    some: list[Kept] = []
    with explained(path), path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                some.append(kept_of_line(line))
            except ValueError as error:
                logger.error("line %d of %s is no record and is left out: %s", number, path, error)
                if line.endswith(WHOLE):
                    keep_aside(line)
                # Else it was cut off by a power cut or a full disk, before its answer was sent.
                continue
            if len(some) == TOGETHER:
                yield some
                some = []
    if some:
        yield some
