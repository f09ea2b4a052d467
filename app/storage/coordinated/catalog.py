"""The catalogue for replicas that share a volume: Redis decides, the volume keeps a copy of every document."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.errors import (
    Conflict,
    NotFound,
    StorageFull,
    StorageOutdated,
    StorageUnavailable,
)
from app.storage.coordinated.copy import VolumeCopy, in_force, redis_outdated, volume_outdated
from app.storage.coordinated.record import CoordinatedRecord
from app.storage.disk import DiskCatalog
from app.storage.disk.deleted import remove_expired
from app.storage.disk.lock import LockHeld, product_lock, store_lock
from app.storage.disk.product_file import take_away
from app.storage.documents import BankManifest, BankPointer, Product
from app.storage.epoch import Known
from app.storage.redis import RedisCatalog
from app.storage.redis.product_state import known_in_redis
from app.storage.refusals import product_not_found
from app.storage.store import Catalog

T = TypeVar("T")

logger = logging.getLogger(__name__)


class CoordinatedCatalog(Catalog):
    """The products and bank versions of replicas on one volume; its blobs are those of the disk store there.

    Whatever changes is written to Redis first, then to the copy, and only then the method returns. Whatever is read is
    held against the copy, which is read first: where the copy knows more, Redis has lost it, and StorageOutdated says
    so. What a method has changed survives a power cut, and also the loss of Redis (`recover`). A change whose
    copy cannot be written raises StorageFull or StorageUnavailable and is in force all the same: whoever makes it again
    completes it (`secure`).
    """

    def __init__(self, redis: RedisCatalog, disk: DiskCatalog) -> None:
        """Open the store and bring the copy up to date.

        StorageOutdated when Redis lacks the default backbone that the volume knows of. One that lacks products is
        opened: they say so whenever they are asked for, and the others can be used.
        """
        self._redis = redis
        self._layout = disk.layout
        self._copy = VolumeCopy(disk.layout, redis.client)
        self._record = CoordinatedRecord(disk.layout, redis.client)
        self._record.mirror()
        try:
            self._require_all_products()
        except StorageOutdated as error:
            logger.error("%s", error)
        with store_lock(self._layout):
            for product_id in sorted({*redis.product_ids(), *self._copy.folders()}):
                try:
                    self._copy.settle(product_id, wait_s=0)
                except StorageOutdated as error:
                    # The other products can be used, and this one says the same whenever it is asked for.
                    logger.error("%s", error)
                except LockHeld:
                    logger.debug("product %s is being written by another replica", product_id)

    def default_backbone(self) -> str | None:
        return self._record.default_backbone()

    def set_default_backbone(self, name: str) -> None:
        self._record.set_default_backbone(name)

    def product_ids(self) -> list[str]:
        return self._require_all_products()

    def create(self, product: Product) -> None:
        product_id = product.product_id
        # Blobs need the folder as soon as the product is there; its documents follow, so as not to be ahead of Redis.
        with store_lock(self._layout):
            self._require_all_products()
            self._copy.settle(product_id)
            if not self._copy.has_folder(product_id):
                self._copy.place(product_id)
            try:
                self._redis.create(product)
            except (Conflict, ValueError):
                self._copy.settle(product_id)
                raise
            with in_force(f"Product {product_id!r}"):
                self._copy.mirror(product_id)

    def product(self, product_id: str) -> Product:
        return self._confirmed(product_id, lambda: self._redis.product(product_id))

    def replace(self, product: Product) -> Product:
        return self._changed(product.product_id, lambda: self._redis.replace(product))

    def delete(self, product_id: str, *, purge: bool = False) -> None:
        # A creation at the same time would find the folder, and lose it.
        with store_lock(self._layout):
            gone = self._delete(product_id, purge=purge)
        if gone:
            shutil.rmtree(gone, ignore_errors=True)
        remove_expired(self._layout)

    def restore(self, product_id: str) -> None:
        # As in a creation: blobs need the folder as soon as the product is there; its documents follow.
        with store_lock(self._layout):
            self._require_all_products()
            self._copy.settle(product_id)
            if known_in_redis(self._redis.client, product_id) is None:
                self._copy.place_deleted(product_id)
            try:
                self._redis.restore(product_id)
            except (Conflict, NotFound):
                self._copy.settle(product_id)
                raise
            with in_force(f"Product {product_id!r}"):
                self._copy.mirror(product_id)

    def secure(self, product_id: str) -> None:
        """See to it that all that can be read of a product survives also the loss of Redis. ProductNotFound."""
        self._changed(product_id, lambda: None)

    def pointer(self, product_id: str) -> BankPointer:
        return self._confirmed(product_id, lambda: self._redis.pointer(product_id))

    def manifest(self, product_id: str, version: int) -> BankManifest:
        return self._confirmed(product_id, lambda: self._redis.manifest(product_id, version))

    def versions(self, product_id: str) -> list[int]:
        return self._confirmed(product_id, lambda: self._redis.versions(product_id))

    def publish(
        self,
        product_id: str,
        manifest: BankManifest,
        expected: BankPointer,
        *,
        made_for: Product | None = None,
        serves: bool = True,
    ) -> BankPointer:
        return self._changed(
            product_id,
            lambda: self._redis.publish(product_id, manifest, expected, made_for=made_for, serves=serves),
        )

    def activate(self, product_id: str, version: int, expected: BankPointer) -> BankPointer:
        return self._changed(product_id, lambda: self._redis.activate(product_id, version, expected))

    def prune(self, product_id: str, keep_versions: int) -> list[int]:
        return self._changed(product_id, lambda: self._redis.prune(product_id, keep_versions))

    def _changed(self, product_id: str, change: Callable[[], T]) -> T:
        # An outdated Redis must not go on from where it is: its revisions would reach those of the copy again.
        self._require_current(product_id, self._copy.known(product_id))
        result = change()
        with in_force(f"The change of product {product_id!r}"):
            self._copy.mirror(product_id)
        return result

    def _delete(self, product_id: str, *, purge: bool) -> Path | None:
        """Delete a product in Redis; where its folder is now, if that is to be removed."""
        known = self._copy.known(product_id)
        if known_in_redis(self._redis.client, product_id) is None:
            self._require_current(product_id, known)
            self._copy.settle(product_id)
            if not purge:
                raise product_not_found(product_id)
            folder = self._copy.deleted_folder(product_id)
            self._redis.delete(product_id, purge=True)
            return folder
        if not self._copy.has_folder(product_id):
            # Without its blobs nothing could come back.
            self._redis.delete(product_id, purge=True)
            return None
        self._require_current(product_id, known)
        with product_lock(self._layout, product_id):
            # The copy forgets the product first: a copy of what is deleted would look like a loss of Redis.
            self._copy.remove_documents(product_id)
            self._redis.delete(product_id, purge=purge)
            return take_away(self._layout, product_id) if purge else self._copy.clear(product_id)

    def _confirmed(self, product_id: str, read: Callable[[], T]) -> T:
        known = self._copy.known(product_id)
        try:
            result = read()
        except (NotFound, Conflict):
            self._require_current(product_id, known)
            raise
        self._require_current(product_id, known)
        return result

    def _require_current(self, product_id: str, known: Known) -> None:
        """StorageOutdated where Redis lacks what the copy knew before, or the volume all that Redis knows.

        Mends a copy that lags behind.
        """
        for last in (False, True):
            found = known_in_redis(self._redis.client, product_id)
            lacks_folder = found is not None and not self._copy.has_folder(product_id)
            if not known.newer(found) and not lacks_folder:
                break
            # A product that was deleted meanwhile, and perhaps created again, looks so once, but not twice.
            if last:
                raise (
                    volume_outdated(product_id)
                    if lacks_folder
                    else redis_outdated(f"a later state of product {product_id!r}")
                )
            known = self._copy.known(product_id)
        if found and found != known:
            self._mend(product_id)

    def _mend(self, product_id: str) -> None:
        # Whoever changed the product is about to write the copy, or has died before it could. Readers wait for nobody.
        try:
            self._copy.mirror(product_id, wait_s=0)
        except LockHeld:
            logger.debug("product %s is being written by another replica", product_id)
        except (NotFound, StorageFull, StorageUnavailable) as error:
            logger.warning("the copy of product %s on the volume lags behind Redis: %s", product_id, error)

    def _require_all_products(self) -> list[str]:
        """The products in Redis. StorageOutdated when one is missing there that the copy knows."""
        for last in (False, True):
            copied = self._copy.product_ids()
            found = self._redis.product_ids()
            lacking = sorted(set(copied) - set(found))
            if not lacking:
                break
            if last:
                raise redis_outdated(f"more products ({', '.join(lacking[:10])}{', …' if len(lacking) > 10 else ''})")
        return found
