"""Compiled networks in a folder: what one process has compiled, the next one reads."""

import hashlib
import logging
import time
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

logger = logging.getLogger(__name__)

DIGEST_BYTES = hashlib.sha256().digest_size
UNFINISHED_S = 3600
"""A file that has not got its name by then never will."""

LIMIT_BYTES = 4 * 2**30
"""So much the folder may hold; the least recently used go first."""


class CompiledFolder(MutableMapping[str, bytes]):
    """Files by name, each behind its SHA-256. It is a cache: what cannot be written or read, or is not whole, counts as
    not there; the first two are told in the log once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told = False

    def __getitem__(self, name: str) -> bytes:
        try:
            stored = self._path(name).read_bytes()
            self._path(name).touch()
        except FileNotFoundError:
            raise KeyError(name) from None
        except OSError as error:
            self._tell(error)
            raise KeyError(name) from error
        digest, content = stored[:DIGEST_BYTES], stored[DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            raise KeyError(name)
        return content

    def __setitem__(self, name: str, content: bytes) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f"{uuid4().hex}.part"
            part.write_bytes(hashlib.sha256(content).digest() + content)
            part.replace(self._path(name))
            self._trim()
        except OSError as error:
            self._tell(error)

    def __delitem__(self, name: str) -> None:
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return (path.stem for path in self._files())

    def __len__(self) -> int:
        return len(self._files())

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.compiled"

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.compiled")) if self._folder.is_dir() else []

    def _trim(self) -> None:
        """Other processes may trim, too: a file that is gone already is gone."""
        for part in self._folder.glob("*.part"):
            with suppress(FileNotFoundError):
                if part.stat().st_mtime < time.time() - UNFINISHED_S:
                    part.unlink()
        used = []
        for path in self._files():
            with suppress(FileNotFoundError):
                used.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        total = sum(size for _, size, _ in used)
        for _, size, path in sorted(used)[:-1]:
            if total <= LIMIT_BYTES:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _tell(self, error: OSError) -> None:
        if not self._told:
            logger.warning("compiled networks cannot be kept in %s (%s): each start compiles anew", self._folder, error)
        self._told = True
