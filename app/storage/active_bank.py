"""The bank version that serves a product."""

import logging

from app.errors import BankDamaged, BankNotFound
from app.storage.documents import BankManifest, BankPointer
from app.storage.store import Catalog

logger = logging.getLogger(__name__)


def active_bank(catalog: Catalog, product_id: str) -> tuple[BankPointer, BankManifest | None]:
    """The pointer and the version that serves; no version before the first registration.

    ProductNotFound; BankDamaged, also when it is lost which version serves.
    """
    while True:
        pointer = catalog.pointer(product_id)
        if pointer.active is None and pointer.latest:
            raise BankDamaged(
                f"Which bank serves product {product_id!r} is lost. Activate a version, or rebuild the bank."
            )
        try:
            return pointer, None if pointer.active is None else catalog.manifest(product_id, pointer.active)
        except BankNotFound:
            # Another version may serve since the pointer was read, and this one may have been pruned.
            if catalog.pointer(product_id) == pointer:
                raise


def newest_intact(catalog: Catalog, product_id: str) -> BankManifest | None:
    """The version that serves, or the newest one that can be read: what a rebuild starts from. ProductNotFound."""
    active = catalog.pointer(product_id).active
    versions = sorted(catalog.versions(product_id), reverse=True)
    for version in sorted(versions, key=lambda version: version != active):
        try:
            return catalog.manifest(product_id, version)
        except BankDamaged as error:
            logger.warning("%s", error)
    return None
