"""File operations that have reached the disk when they return, and whose failures say what to do.

A file appears under its name complete or not at all: temporary file in the same folder, fsync, rename, fsync of the
folder.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from app.errors import StorageFull, StorageUnavailable

TEMPORARY_KEPT_S = 3600.0
"""A temporary file older than this belongs to a writer that died: no write takes an hour."""

_TEMPORARY = ".tmp"


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError about `path` into StorageFull (disk or quota) or StorageUnavailable (everything else)."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                f"The disk or the quota that holds {path} is full. Free space or enlarge it, then repeat the request."
            ) from error
        raise StorageUnavailable(
            f"The store cannot be used at {path}: {error.strerror or error}. Check that its disk is mounted and "
            "healthy, and that the service may read and write there."
        ) from error


def write_durably(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Create or replace a file. After an error the old content stands, unless only the folder's fsync failed.

    `mode` is who may read and write it, less what the umask takes away.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}{_TEMPORARY}")
    with explained(path):
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def read_if_present(path: Path) -> bytes | None:
    with explained(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def move_durably(source: Path, target: Path) -> None:
    with explained(source):
        source.rename(target)
    sync_folder(target.parent)
    sync_folder(source.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents."""
    with explained(folder):
        if folder.is_dir():
            return
    make_folder(folder.parent)
    with explained(folder):
        folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    with explained(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def list_folder(folder: Path) -> list[Path]:
    """What a folder holds, sorted by name, without temporary files. Empty for a folder that does not exist."""
    with explained(folder):
        return sorted(path for path in _entries(folder) if not _is_temporary(path))


def age_s(path: Path) -> float:
    """Seconds since the file was last written or touched; negative after the clock was set back."""
    with explained(path):
        return time.time() - path.stat().st_mtime


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that died."""
    with explained(folder):
        for path in filter(_is_temporary, _entries(folder)):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > TEMPORARY_KEPT_S:
                    path.unlink()


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _is_temporary(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(_TEMPORARY)
