"""The catalogue: which products there are, their bank versions, and which version serves."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

from app.errors import ProductNotFound
from app.storage.compare_and_set import (
    kept_manifest,
    require_pointer,
    require_publishable,
    require_revision,
    surplus,
    to_activated,
    to_default,
    to_published,
)
from app.storage.disk.bank_history import list_versions, read_held_pointer, read_pointer, write_pointer
from app.storage.disk.deleted import newest_deleted, put_aside, remove_expired
from app.storage.disk.document_file import read_of_product
from app.storage.disk.durable import explained, make_folder, sync_folder, write_durably
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import product_lock, store_lock
from app.storage.disk.product_file import (
    add_product,
    bring_back,
    read_held_product,
    read_product,
    take_away,
    write_product,
)
from app.storage.disk.store import open_store, product_ids, read_record
from app.storage.documents import BankManifest, BankPointer, Product
from app.storage.documents_json import encode
from app.storage.refusals import bank_removed, default_backbone_lost
from app.storage.store import Catalog


class DiskCatalog(Catalog):
    """The products and bank versions under one root folder. Safe for many threads and processes.

    What a method has changed survives a power cut once it returns.
    """

    def __init__(self, root: Path) -> None:
        """Open the store; make it where there is none. ConfigurationError when another release wrote it."""
        self._layout = StoreLayout(root)
        open_store(self._layout)

    @property
    def layout(self) -> StoreLayout:
        return self._layout

    def default_backbone(self) -> str | None:
        with store_lock(self._layout):
            record = read_record(self._layout)
        if record is None:
            raise default_backbone_lost(str(self._layout.root))
        return record.default_backbone

    def set_default_backbone(self, name: str) -> None:
        with store_lock(self._layout):
            write_durably(self._layout.store, encode(to_default(name, read_record(self._layout))))

    def product_ids(self) -> list[str]:
        return product_ids(self._layout)

    def create(self, product: Product) -> None:
        with store_lock(self._layout):
            add_product(self._layout, product)

    def product(self, product_id: str) -> Product:
        return read_product(self._layout, product_id)

    def replace(self, product: Product) -> Product:
        with product_lock(self._layout, product.product_id):
            require_revision(read_held_product(self._layout, product.product_id), product)
            changed = replace(product, revision=product.revision + 1)
            write_product(self._layout, changed)
        return changed

    def delete(self, product_id: str, *, purge: bool = False) -> None:
        # What cannot be removed here, of a product that is deleted by now, goes when the store is opened next.
        remove_expired(self._layout)
        if not purge:
            with product_lock(self._layout, product_id):
                put_aside(self._layout, product_id, int(1000 * time.time()))
            return
        try:
            with product_lock(self._layout, product_id):
                gone = take_away(self._layout, product_id)
        except ProductNotFound:
            deleted = newest_deleted(self._layout, product_id)
            if deleted is None:
                raise
            gone = deleted
        shutil.rmtree(gone, ignore_errors=True)

    def restore(self, product_id: str) -> None:
        with store_lock(self._layout):
            bring_back(self._layout, product_id)

    def secure(self, product_id: str) -> None:
        """See to it that all that can be read of a product survives a power cut. ProductNotFound."""
        # Each file was synced before it got its name; only the names may not have reached the disk.
        with product_lock(self._layout, product_id):
            make_folder(self._layout.banks(product_id))
            for folder in (self._layout.banks(product_id), self._layout.product_folder(product_id)):
                sync_folder(folder)
        sync_folder(self._layout.products)

    def pointer(self, product_id: str) -> BankPointer:
        return read_pointer(self._layout, product_id)

    def manifest(self, product_id: str, version: int) -> BankManifest:
        path = self._layout.bank(product_id, version)
        return kept_manifest(
            self, product_id, version, lambda: read_of_product(self._layout, product_id, BankManifest, path)
        )

    def versions(self, product_id: str) -> list[int]:
        return list_versions(self._layout, product_id, self.pointer(product_id).latest)

    def publish(
        self,
        product_id: str,
        manifest: BankManifest,
        expected: BankPointer,
        *,
        made_for: Product | None = None,
        serves: bool = True,
    ) -> BankPointer:
        pointer, document = to_published(manifest, expected, serves=serves), encode(manifest)
        with product_lock(self._layout, product_id):
            held = read_held_pointer(self._layout, product_id)
            require_publishable(
                product_id, held, expected, made_for, lambda: read_held_product(self._layout, product_id)
            )
            make_folder(self._layout.banks(product_id))
            write_durably(self._layout.bank(product_id, manifest.version), document)
            return write_pointer(self._layout, product_id, pointer)

    def activate(self, product_id: str, version: int, expected: BankPointer) -> BankPointer:
        self.manifest(product_id, version)
        with product_lock(self._layout, product_id):
            require_pointer(product_id, read_held_pointer(self._layout, product_id), expected)
            if version not in list_versions(self._layout, product_id, expected.latest):
                raise bank_removed(product_id, version)
            return write_pointer(self._layout, product_id, to_activated(version, expected))

    def prune(self, product_id: str, keep_versions: int) -> list[int]:
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
