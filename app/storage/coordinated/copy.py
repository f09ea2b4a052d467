"""The copy on the volume of what Redis holds: the layout of the disk store, so that it can be one again."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis

from app.errors import StorageFull, StorageOutdated, StorageUnavailable
from app.storage.disk.bank_history import all_versions
from app.storage.disk.deleted import deleted_folder
from app.storage.disk.durable import explained, make_folder, move_durably, read_if_present, sync_folder, write_durably
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import WAIT_S, product_lock
from app.storage.disk.product_file import place_folder, take_away
from app.storage.disk.store import product_ids
from app.storage.epoch import Known, known_of
from app.storage.redis.connection import explained as redis_explained
from app.storage.redis.deleted import newest_deletion
from app.storage.redis.product_state import ProductState, known_in_redis, read_manifests, read_state
from app.storage.refusals import product_not_found


def redis_outdated(what: str) -> StorageOutdated:
    return StorageOutdated(
        f"Redis has lost changes: the volume knows {what} than Redis. Restore a newer backup of Redis, or bring back "
        "what the volume knows: inspector store recover"
    )


def volume_outdated(product_id: str) -> StorageOutdated:
    return StorageOutdated(
        f"Redis knows product {product_id!r}, and the volume has no folder of it. Check that the right volume is "
        "mounted at the store's folder. If Redis was restored from a time before the product was deleted, delete it "
        f"again: DELETE /products/{product_id}"
    )


@contextmanager
def in_force(what: str) -> Iterator[None]:
    """Round the copying of a change that Redis has: say so of StorageFull and StorageUnavailable."""
    try:
        yield
    except StorageOutdated:
        raise
    except (StorageFull, StorageUnavailable) as error:
        raise type(error)(
            f"{error.message} {what} is in force, but the loss of Redis would undo it: once that is mended, send it "
            "again to complete it.",
            retry_after_s=error.retry_after_s,
        ) from error


class VolumeCopy:
    """The copy of every product's documents. It never runs ahead of Redis: whatever it knows more, Redis has lost."""

    def __init__(self, layout: StoreLayout, client: Redis) -> None:
        self._layout = layout
        self._client = client

    def folders(self) -> list[str]:
        """The products that have a folder, be it an empty one."""
        return product_ids(self._layout)

    def has_folder(self, product_id: str) -> bool:
        folder = self._layout.product_folder(product_id)
        with explained(folder):
            return folder.is_dir()

    def product_ids(self) -> list[str]:
        """The products of which a document is here."""
        return [each for each in self.folders() if self._has_documents(each)]

    def known(self, product_id: str) -> Known:
        """What the copy knows of a product; it waits for nobody."""
        return known_of(
            read_if_present(self._layout.product(product_id)), read_if_present(self._layout.pointer(product_id))
        )

    def mirror(self, product_id: str, wait_s: float = WAIT_S) -> None:
        """Write what Redis holds now of a product. ProductNotFound without a folder; StorageOutdated; LockHeld."""
        with product_lock(self._layout, product_id, wait_s):
            state = read_state(self._client, product_id)
            if state is None:
                return
            known = self.known(product_id)
            if known.newer(state.known):
                raise redis_outdated(f"a later state of product {product_id!r}")
            self._write(product_id, state, known)

    def settle(self, product_id: str, wait_s: float = WAIT_S) -> None:
        """Make what a process that died has left of a product fit Redis. The caller holds the store's lock.

        The copy of a product in Redis is up to date afterwards; a folder without documents, which a creation or a
        deletion has left, is gone. StorageOutdated; LockHeld.
        """
        there = self.has_folder(product_id)
        if known_in_redis(self._client, product_id) is None:
            if there:
                self._clear(product_id, wait_s)
        elif there:
            self.mirror(product_id, wait_s)
        else:
            raise volume_outdated(product_id)

    def place(self, product_id: str) -> None:
        """Make the folder of a product that is about to be created. The caller holds the store's lock."""
        place_folder(self._layout, product_id, {})

    def remove_documents(self, product_id: str) -> None:
        """Forget a product that is about to be deleted. The caller holds the product's lock."""
        for path in (self._layout.product(product_id), self._layout.pointer(product_id)):
            with explained(path):
                path.unlink(missing_ok=True)
        sync_folder(self._layout.product_folder(product_id))

    def deleted_folder(self, product_id: str) -> Path | None:
        """Where the folder of the product with this id belongs that was deleted last; None where none can come back."""
        with redis_explained(self._client):
            deletion = newest_deletion(self._client, product_id)
        return None if deletion is None else deleted_folder(self._layout, product_id, deletion.deleted_ms)

    def place_deleted(self, product_id: str) -> None:
        """Put the folder of a product that is about to be restored in place. The caller holds the store's lock.

        ProductNotFound where there is none.
        """
        folder = self.deleted_folder(product_id)
        if folder is None or not folder.is_dir():
            raise product_not_found(product_id)
        move_durably(folder, self._layout.product_folder(product_id))

    def clear(self, product_id: str) -> Path | None:
        """Take the folder of a product that is not in Redis away: to where it can come back from, if Redis has a
        deletion that lacks it, else out of sight, to be removed. The caller holds the product's lock."""
        aside = self.deleted_folder(product_id)
        if aside is None or aside.exists():
            return take_away(self._layout, product_id)
        make_folder(aside.parent)
        move_durably(self._layout.product_folder(product_id), aside)
        return None

    def _clear(self, product_id: str, wait_s: float) -> None:
        with product_lock(self._layout, product_id, wait_s):
            gone = None if self._has_documents(product_id) else self.clear(product_id)
        if gone:
            shutil.rmtree(gone, ignore_errors=True)

    def _write(self, product_id: str, state: ProductState, known: Known) -> None:
        layout = self._layout
        # A published manifest never changes; others may be left of a product that had this id before.
        trusted = known.pointer.latest if known.pointer and known.same_life(state.known) else 0
        there = set(all_versions(layout, product_id))
        missing = state.versions - {version for version in there if version <= trusted}
        make_folder(layout.banks(product_id))
        for version, data in read_manifests(self._client, product_id, sorted(missing)).items():
            write_durably(layout.bank(product_id, version), data)
        documents = {layout.product(product_id): state.product, layout.pointer(product_id): state.pointer}
        for path, document in documents.items():
            if document is not None and read_if_present(path) != document:
                write_durably(path, document)
        pruned = there - state.versions
        for version in pruned:
            with explained(layout.bank(product_id, version)):
                layout.bank(product_id, version).unlink()
        if pruned:
            sync_folder(layout.banks(product_id))

    def _has_documents(self, product_id: str) -> bool:
        with explained(self._layout.product_folder(product_id)):
            return self._layout.product(product_id).exists() or self._layout.pointer(product_id).exists()
