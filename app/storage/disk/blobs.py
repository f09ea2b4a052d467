"""Blobs of a product: uploads, segments of patch features, previews. Immutable, named by their SHA-256."""

import os
import re
from collections.abc import Set as AbstractSet
from hashlib import sha256
from pathlib import Path

from app.errors import NotFound, StorageError
from app.storage.disk.durable import (
    age_s,
    explained,
    list_folder,
    make_folder,
    read_if_present,
    remove_leftovers,
    sync_folder,
    write_durably,
)
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import product_lock
from app.storage.disk.quarantine import quarantine
from app.storage.documents import BlobKind
from app.storage.refusals import blob_damaged, blob_missing, product_not_found
from app.storage.store import BLOB_GRACE_S, Blobs

_DIGEST = re.compile(r"[0-9a-f]{64}")


class DiskBlobs(Blobs):
    """The blobs of every product under one root folder. Safe for many threads and processes.

    All methods raise InvalidProductId, StorageFull and StorageUnavailable.
    """

    def __init__(self, root: Path) -> None:
        self._layout = StoreLayout(root)

    def put(self, product_id: str, kind: BlobKind, data: bytes) -> str:
        digest = sha256(data).hexdigest()
        path = self._layout.blob(product_id, kind, digest)
        with product_lock(self._layout, product_id):
            stored = read_if_present(path)
            if stored == data:
                _renew(path)
                return digest
            if stored is not None:
                quarantine(self._layout, path)
            make_folder(path.parent)
            write_durably(path, data)
        return digest

    def get(self, product_id: str, kind: BlobKind, digest: str) -> bytes:
        path = self._path(product_id, kind, digest)
        data = None if path is None else read_if_present(path)
        if path is None or data is None:
            raise self._absent(product_id, kind, digest)
        return data if sha256(data).hexdigest() == digest else self._second_look(product_id, path)

    def collect(self, product_id: str, kind: BlobKind, keep: AbstractSet[str], grace_s: float = BLOB_GRACE_S) -> int:
        folder = self._layout.blobs(product_id, kind)
        with product_lock(self._layout, product_id):
            remove_leftovers(folder)
            unused = [path for path in list_folder(folder) if _DIGEST.fullmatch(path.name) and path.name not in keep]
            old = [path for path in unused if age_s(path) >= grace_s]
            for path in old:
                with explained(path):
                    path.unlink()
        return len(old)

    def _path(self, product_id: str, kind: BlobKind, digest: str) -> Path | None:
        path = self._layout.blob(product_id, kind, digest)
        return path if _DIGEST.fullmatch(digest) else None

    def _absent(self, product_id: str, kind: BlobKind, digest: str) -> NotFound | StorageError:
        folder = self._layout.product_folder(product_id)
        with explained(folder):
            is_there = folder.is_dir()
        return blob_missing(product_id, kind, digest) if is_there else product_not_found(product_id)

    def _second_look(self, product_id: str, path: Path) -> bytes:
        # Under the lock, because a writer may be replacing the damaged copy at this moment.
        with product_lock(self._layout, product_id):
            data = read_if_present(path)
            if data is not None and sha256(data).hexdigest() == path.name:
                return data
            if data is not None:
                quarantine(self._layout, path)
        raise blob_damaged(product_id, path.parent.name, path.name)


def _renew(path: Path) -> None:
    with explained(path):
        os.utime(path)
    # Whoever wrote it may have died between the rename and this fsync.
    sync_folder(path.parent)
