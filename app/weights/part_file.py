"""The unfinished download `<file>.part`: kept for resuming, held by one process at a time."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


class PartFile:
    """An open `.part` file under an exclusive lock; whatever is appended is in the file at once."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file

    @property
    def size_bytes(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def append(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._file.flush()

    def restart(self) -> None:
        self._file.truncate(0)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)

    def publish(self, final: Path) -> None:
        """Make the bytes durable, then give them their final name, replacing what was there."""
        os.fsync(self._file.fileno())
        self.path.replace(final)
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def locked_part(final: Path, on_wait: Callable[[], None]) -> Iterator[PartFile]:
    """Open and lock `<final>.part`, creating it and its folder; `on_wait` is called if another process holds it.

    An empty one is removed at the end, so that a failed start leaves nothing behind.
    """
    path = final.with_name(final.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _open_locked(path, on_wait) as file:
        part = PartFile(path, file)
        try:
            yield part
        finally:
            if part.size_bytes == 0:
                part.discard()


def _open_locked(path: Path, on_wait: Callable[[], None]) -> BinaryIO:
    while True:
        file = path.open("ab")
        try:
            _lock(file, on_wait)
            # While this one waited, the holder may have renamed or removed the file behind the name.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return file
        except BaseException:
            file.close()
            raise
        file.close()


def _lock(file: BinaryIO, on_wait: Callable[[], None]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(file, fcntl.LOCK_EX)
