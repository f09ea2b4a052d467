"""The bank version that serves a product, and those that are kept beside it."""

import logging

from app.errors import BankDamaged, BankNotFound, NotFound
from app.storage.documents import BankManifest, BankPointer
from app.storage.store import Blobs, Catalog

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
    """The version that serves, or the newest one that can be read and was not only proposed: what a rebuild starts
    from. ProductNotFound."""
    active = catalog.pointer(product_id).active
    versions = sorted(catalog.versions(product_id), reverse=True)
    for version in sorted(versions, key=lambda version: version != active):
        try:
            manifest = catalog.manifest(product_id, version)
        except BankDamaged as error:
            logger.warning("%s", error)
            continue
        if manifest.reason != "proposal":
            return manifest
    return None


def drop_old_versions(catalog: Catalog, blobs: Blobs, product_id: str, keep_versions: int) -> None:
    """Drop the versions beyond the limit and what only they needed; nothing while a version cannot be read."""
    try:
        catalog.prune(product_id, keep_versions)
        kept = [catalog.manifest(product_id, version) for version in catalog.versions(product_id)]
    except (BankDamaged, NotFound) as error:
        logger.warning("nothing of %s was cleared: %s", product_id, error)
        return
    entries = [entry for manifest in kept for entry in manifest.references]
    blobs.collect(product_id, "references", {entry.sha256 for entry in entries})
    blobs.collect(product_id, "segments", {entry.segment for entry in entries})
    tables = {table for each in kept for table in (each.left_out, each.left_out_of_all) if table}
    blobs.collect(product_id, "left-out", tables)
    blobs.collect(product_id, "coresets", {each.coreset.blob for each in kept if each.coreset})
    blobs.collect(product_id, "lists", {each.lists.blob for each in kept if each.lists})
    blobs.collect(product_id, "evaluations", {each.evaluation for each in kept if each.evaluation})
    blobs.collect(product_id, "previews", {each.masking.preview for each in kept if each.masking})
