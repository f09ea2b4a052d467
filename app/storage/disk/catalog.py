"""The catalogue: which products there are, their bank versions, and which version serves."""

import shutil
from dataclasses import replace
from pathlib import Path

from app.storage.compare_and_set import (
    kept_manifest,
    require_pointer,
    require_revision,
    require_unchanged,
    surplus,
    to_activated,
    to_default,
    to_published,
)
from app.storage.disk.bank_history import list_versions, read_held_pointer, read_pointer, write_pointer
from app.storage.disk.document_file import read_of_product
from app.storage.disk.durable import explained, make_folder, sync_folder, write_durably
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import product_lock, store_lock
from app.storage.disk.product_file import add_product, read_held_product, read_product, take_away, write_product
from app.storage.disk.store import open_store, product_ids, read_record
from app.storage.documents import BankManifest, BankPointer, Product
from app.storage.documents_json import encode
from app.storage.refusals import bank_removed, default_backbone_lost


class DiskCatalog:
    """The products and bank versions under one root folder. Safe for many threads and processes.

    What a method has changed survives a power cut once it returns. All methods raise StorageFull and
    StorageUnavailable; those that take a product id raise InvalidProductId.
    """

    def __init__(self, root: Path) -> None:
        """Open the store; make it where there is none. ConfigurationError when another release wrote it."""
        self._layout = StoreLayout(root)
        open_store(self._layout)

    @property
    def layout(self) -> StoreLayout:
        return self._layout

    def default_backbone(self) -> str | None:
        """The backbone that `default` stands for; None before it was chosen. ConfigurationError when it is lost."""
        with store_lock(self._layout):
            record = read_record(self._layout)
        if record is None:
            raise default_backbone_lost(str(self._layout.root))
        return record.default_backbone

    def set_default_backbone(self, name: str) -> None:
        with store_lock(self._layout):
            write_durably(self._layout.store, encode(to_default(name, read_record(self._layout))))

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
            require_revision(read_held_product(self._layout, product.product_id), product)
            changed = replace(product, revision=product.revision + 1)
            write_product(self._layout, changed)
        return changed

    def delete(self, product_id: str) -> None:
        """Remove a product with its banks and blobs, at once and whole. ProductNotFound."""
        with product_lock(self._layout, product_id):
            gone = take_away(self._layout, product_id)
        # The product is deleted by now. What cannot be removed here goes when the store is opened next.
        shutil.rmtree(gone, ignore_errors=True)

    def secure(self, product_id: str) -> None:
        """See to it that all that can be read of a product survives a power cut. ProductNotFound."""
        # Each file was synced before it got its name; only the names may not have reached the disk.
        with product_lock(self._layout, product_id):
            make_folder(self._layout.banks(product_id))
            for folder in (self._layout.banks(product_id), self._layout.product_folder(product_id)):
                sync_folder(folder)
        sync_folder(self._layout.products)

    def pointer(self, product_id: str) -> BankPointer:
        """Which version serves; the empty pointer for a product without banks. ProductNotFound.

        When a damaged pointer was found, none serves until one is activated.
        """
        return read_pointer(self._layout, product_id)

    def manifest(self, product_id: str, version: int) -> BankManifest:
        """One version. ProductNotFound; BankNotFound; BankDamaged, also when the active one is lost."""
        path = self._layout.bank(product_id, version)
        return kept_manifest(
            self, product_id, version, lambda: read_of_product(self._layout, product_id, BankManifest, path)
        )

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
        pointer, document = to_published(manifest, expected), encode(manifest)
        with product_lock(self._layout, product_id):
            if made_for:
                require_unchanged(read_held_product(self._layout, product_id), made_for)
            require_pointer(product_id, read_held_pointer(self._layout, product_id), expected)
            make_folder(self._layout.banks(product_id))
            write_durably(self._layout.bank(product_id, manifest.version), document)
            return write_pointer(self._layout, product_id, pointer)

    def activate(self, product_id: str, version: int, expected: BankPointer) -> BankPointer:
        """Let a kept version serve. StaleRevision unless the pointer is `expected`; and the errors of `manifest`."""
        self.manifest(product_id, version)
        with product_lock(self._layout, product_id):
            require_pointer(product_id, read_held_pointer(self._layout, product_id), expected)
            if version not in list_versions(self._layout, product_id, expected.latest):
                raise bank_removed(product_id, version)
            return write_pointer(self._layout, product_id, to_activated(version, expected))

    def prune(self, product_id: str, keep_versions: int) -> list[int]:
        """Remove the oldest versions beyond `keep_versions` (at least 1), never the active one. Those removed.

        ProductNotFound.
        """
        with product_lock(self._layout, product_id):
            pointer = read_held_pointer(self._layout, product_id)
            versions = list_versions(self._layout, product_id, pointer.latest)
            removed = surplus(versions, keep_versions, pointer.active)
            for version in removed:
                path = self._layout.bank(product_id, version)
                with explained(path):
                    path.unlink()
            if removed:
                sync_folder(self._layout.banks(product_id))
        return removed
