"""The catalogue: which products there are, their bank versions, and which version serves."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from app.errors import BankDamaged, BankNotFound, ConfigurationError, StaleRevision
from app.storage.disk.bank_history import (
    list_versions,
    read_held_pointer,
    read_pointer,
    require_pointer,
    write_pointer,
)
from app.storage.disk.document_file import read_of_product
from app.storage.disk.durable import explained, make_folder, move_durably, sync_folder, write_durably
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import product_lock, store_lock
from app.storage.disk.product_file import add_product, read_held_product, read_product, require_product, write_product
from app.storage.disk.store import StoreRecord, open_store, product_ids, read_record
from app.storage.documents import BankManifest, BankPointer, Product
from app.storage.documents_json import DocumentDamaged, encode


class DiskCatalog:
    """The products and bank versions under one root folder. Safe for many threads and processes.

    What a method has changed survives a power cut once it returns. All methods raise StorageFull and
    StorageUnavailable; those that take a product id raise InvalidProductId.
    """

    def __init__(self, root: Path) -> None:
        """Open the store; make it where there is none. ConfigurationError when another release wrote it."""
        self._layout = StoreLayout(root)
        open_store(self._layout)

    def default_backbone(self) -> str | None:
        """The backbone that `default` stands for; None before it was chosen. ConfigurationError when it is lost."""
        with store_lock(self._layout):
            record = read_record(self._layout)
        if record is None:
            raise ConfigurationError(
                f"The record of the store at {self._layout.root} is lost, and with it the name of its default "
                "backbone. Set the backbone again: inspector backbone set NAME. The bank versions tell which one made "
                "them."
            )
        return record.default_backbone

    def set_default_backbone(self, name: str) -> None:
        with store_lock(self._layout):
            write_durably(self._layout.store, encode(StoreRecord(default_backbone=name)))

    def product_ids(self) -> list[str]:
        """All product ids, sorted by code point."""
        return product_ids(self._layout)

    def create(self, product: Product) -> None:
        """Add a product without banks. Conflict when it exists, or one whose id differs only in case.

        A product whose settings are lost (ProductDamaged) takes these ones, and keeps its banks.
        """
        with store_lock(self._layout):
            add_product(self._layout, product)

    def product(self, product_id: str) -> Product:
        """ProductNotFound; ProductDamaged when its settings are lost, until `create` brings them again."""
        return read_product(self._layout, product_id)

    def replace(self, product: Product) -> Product:
        """Store the product with its revision counted up, and return it so.

        StaleRevision unless `product.revision` is the stored one; ProductNotFound; ProductDamaged.
        """
        with product_lock(self._layout, product.product_id):
            stored = read_held_product(self._layout, product.product_id)
            if stored.revision != product.revision:
                raise StaleRevision(
                    f"Product {product.product_id!r} is at revision {stored.revision}, not {product.revision}. "
                    "Read it again and repeat the change."
                )
            changed = replace(product, revision=product.revision + 1)
            write_product(self._layout, changed)
        return changed

    def delete(self, product_id: str) -> None:
        """Remove a product with its banks and blobs, at once and whole. ProductNotFound."""
        gone = self._layout.new_transit()
        with product_lock(self._layout, product_id):
            move_durably(self._layout.product_folder(product_id), gone)
        # The product is deleted by now. What cannot be removed here goes when the store is opened next.
        shutil.rmtree(gone, ignore_errors=True)

    def pointer(self, product_id: str) -> BankPointer:
        """Which version serves; the empty pointer for a product without banks. ProductNotFound.

        When a damaged pointer was found, none serves until one is activated.
        """
        return read_pointer(self._layout, product_id)

    def manifest(self, product_id: str, version: int) -> BankManifest:
        """One version. ProductNotFound; BankNotFound; BankDamaged, also when the active one is lost."""
        latest = self.pointer(product_id).latest
        path = self._layout.bank(product_id, version)
        try:
            manifest = read_of_product(self._layout, product_id, BankManifest, path) if version <= latest else None
        except DocumentDamaged:
            raise self._bank_damaged(product_id, version) from None
        if manifest is not None:
            return manifest
        # Read again: the version may have ceased to serve, and have been pruned, a moment ago.
        if version == self.pointer(product_id).active:
            raise self._bank_damaged(product_id, version)
        kept = _listed(self.versions(product_id)) or "none"
        raise BankNotFound(f"Product {product_id!r} has no bank version {version}. Kept versions: {kept}.")

    def versions(self, product_id: str) -> list[int]:
        """The versions that are kept, ascending. ProductNotFound."""
        return list_versions(self._layout, product_id, self.pointer(product_id).latest)

    def publish(
        self, product_id: str, manifest: BankManifest, expected: BankPointer, *, made_for: Product | None = None
    ) -> BankPointer:
        """Store the next version and let it serve. StaleRevision unless the pointer is `expected`; ProductNotFound.

        `made_for` is the product whose settings made the bank: StaleRevision if they changed meanwhile, ProductNotFound
        if it was deleted and created again, because the blobs of the manifest went with it.
        ValueError unless `manifest.version` follows `expected.latest`.
        """
        if manifest.version != expected.latest + 1:
            raise ValueError(f"version {manifest.version} does not follow {expected.latest}")
        document = encode(manifest)
        pointer = BankPointer(manifest.version, manifest.version, expected.revision + 1)
        with product_lock(self._layout, product_id):
            if made_for:
                require_product(self._layout, made_for)
            require_pointer(self._layout, product_id, expected)
            make_folder(self._layout.banks(product_id))
            write_durably(self._layout.bank(product_id, manifest.version), document)
            return write_pointer(self._layout, product_id, pointer)

    def activate(self, product_id: str, version: int, expected: BankPointer) -> BankPointer:
        """Let a kept version serve. StaleRevision unless the pointer is `expected`; and the errors of `manifest`."""
        self.manifest(product_id, version)
        with product_lock(self._layout, product_id):
            require_pointer(self._layout, product_id, expected)
            if version not in list_versions(self._layout, product_id, expected.latest):
                raise BankNotFound(f"Bank version {version} of product {product_id!r} was removed just now.")
            return write_pointer(
                self._layout, product_id, replace(expected, active=version, revision=expected.revision + 1)
            )

    def prune(self, product_id: str, keep_versions: int) -> list[int]:
        """Remove the oldest versions beyond `keep_versions` (at least 1), never the active one. Those removed.

        ProductNotFound.
        """
        if keep_versions < 1:
            raise ValueError(f"keep_versions must be at least 1, not {keep_versions}")
        with product_lock(self._layout, product_id):
            pointer = read_held_pointer(self._layout, product_id)
            surplus = list_versions(self._layout, product_id, pointer.latest)[:-keep_versions]
            removed = [version for version in surplus if version != pointer.active]
            for version in removed:
                path = self._layout.bank(product_id, version)
                with explained(path):
                    path.unlink()
            if removed:
                sync_folder(self._layout.banks(product_id))
        return removed

    def _bank_damaged(self, product_id: str, version: int) -> BankDamaged:
        others = _listed(reversed([other for other in self.versions(product_id) if other != version]))
        advice = (
            f"Activate one of the versions {others} instead, or rebuild the bank." if others else "Rebuild the bank."
        )
        return BankDamaged(f"Bank version {version} of product {product_id!r} is damaged. {advice}")


def _listed(versions: Iterable[int]) -> str:
    return ", ".join(map(str, versions))
