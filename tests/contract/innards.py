"""A store from behind its back: damaged, aged, looked into. The product is always `flange`."""

import os
from pathlib import Path
from typing import Protocol, cast

from redis import Redis

from app.storage.disk.layout import StoreLayout
from app.storage.documents import BlobKind
from app.storage.redis import keys

FLANGE = "flange"


class Documents(Protocol):
    """The documents of the product; None stands for one that is missing."""

    def product(self, data: bytes | None) -> None: ...

    def pointer(self, data: bytes | None) -> None: ...

    def bank(self, version: int, data: bytes | None) -> None: ...

    def record(self, data: bytes | None) -> None:
        """The record of the store."""
        ...

    def quarantined(self) -> list[bytes]: ...


class StoredBlobs(Protocol):
    def write(self, kind: BlobKind, digest: str, data: bytes) -> None: ...

    def make_old(self, kind: BlobKind, digest: str, age_s: float) -> None: ...

    def quarantined(self) -> list[bytes]: ...

    def count(self) -> int:
        """How many blobs there are, of whatever product."""
        ...


class DiskInnards:
    """Documents and blobs in files."""

    def __init__(self, root: Path) -> None:
        self.layout = StoreLayout(root)

    def product(self, data: bytes | None) -> None:
        _write(self.layout.product(FLANGE), data)

    def pointer(self, data: bytes | None) -> None:
        _write(self.layout.pointer(FLANGE), data)

    def bank(self, version: int, data: bytes | None) -> None:
        _write(self.layout.bank(FLANGE, version), data)

    def record(self, data: bytes | None) -> None:
        _write(self.layout.store, data)

    def write(self, kind: BlobKind, digest: str, data: bytes) -> None:
        self.layout.blob(FLANGE, kind, digest).write_bytes(data)

    def make_old(self, kind: BlobKind, digest: str, age_s: float) -> None:
        path = self.layout.blob(FLANGE, kind, digest)
        written = path.stat().st_mtime - age_s
        os.utime(path, (written, written))

    def quarantined(self) -> list[bytes]:
        return [path.read_bytes() for path in self.layout.quarantine.iterdir()]

    def count(self) -> int:
        folders = [*self.layout.products.glob("*"), *self.layout.transit.glob("*"), *self.layout.deleted.glob("*")]
        return sum(len(list(folder.glob("[rsp]*s/*"))) for folder in folders)


class RedisInnards:
    """Documents and blobs in Redis."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def product(self, data: bytes | None) -> None:
        self._set(keys.product(FLANGE), data)

    def pointer(self, data: bytes | None) -> None:
        self._set(keys.pointer(FLANGE), data)

    def bank(self, version: int, data: bytes | None) -> None:
        self._client.hdel(keys.banks(FLANGE), str(version))
        if data is not None:
            self._client.hset(keys.banks(FLANGE), str(version), cast("str", data))

    def record(self, data: bytes | None) -> None:
        self._set(keys.STORE, data)

    def write(self, kind: BlobKind, digest: str, data: bytes) -> None:
        self._client.set(keys.blob(self._birth(), kind, digest), data)

    def make_old(self, kind: BlobKind, digest: str, age_s: float) -> None:
        self._client.zincrby(keys.blobs(self._birth(), kind), -age_s, digest)

    def quarantined(self) -> list[bytes]:
        found = self._client.keys("inspector:quarantine:*")
        return cast("list[bytes]", self._client.mget(found)) if found else []

    def count(self) -> int:
        return len(list(self._client.scan_iter("inspector:blob:*")))

    def _birth(self) -> str:
        return cast("bytes", self._client.get(keys.birth(FLANGE))).decode()

    def _set(self, key: str, data: bytes | None) -> None:
        self._client.delete(key)
        if data is not None:
            self._client.set(key, data)


def _write(path: Path, data: bytes | None) -> None:
    path.unlink() if data is None else path.write_bytes(data)
