"""The settings of a product, and its folder from the first moment on."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from app.errors import ProductDamaged, ProductNotFound
from app.storage.disk.deleted import newest_deleted
from app.storage.disk.document_file import read_document, read_or_quarantine
from app.storage.disk.durable import make_folder, move_durably, write_durably
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import product_lock
from app.storage.disk.store import product_ids
from app.storage.documents import BankPointer, Product
from app.storage.documents_json import DocumentDamaged, encode
from app.storage.refusals import differs_in_case, product_damaged, product_exists, product_not_found


def read_product(layout: StoreLayout, product_id: str) -> Product:
    """ProductNotFound; ProductDamaged when its settings are lost."""
    try:
        product = read_document(Product, layout.product(product_id))
    except DocumentDamaged:
        product = None
    if product is not None:
        return product
    with product_lock(layout, product_id):
        return read_held_product(layout, product_id)


def read_held_product(layout: StoreLayout, product_id: str) -> Product:
    """As `read_product`, for a caller that holds the product's lock."""
    try:
        product = read_or_quarantine(layout, Product, layout.product(product_id))
    except DocumentDamaged:
        product = None
    if product is None:
        raise product_damaged(product_id)
    return product


def write_product(layout: StoreLayout, product: Product) -> None:
    write_durably(layout.product(product.product_id), encode(product))


def add_product(layout: StoreLayout, product: Product) -> None:
    """Place a product, or give one that lost its settings these ones. The caller holds the store's lock.

    Conflict when the id is taken, or differs only in case from one that is.
    """
    _refuse_case_variant(layout, product.product_id)
    try:
        with product_lock(layout, product.product_id):
            _put_settings_back(layout, product)
    except ProductNotFound:
        documents = {
            layout.product(product.product_id): encode(product),
            layout.pointer(product.product_id): encode(BankPointer()),
        }
        place_folder(layout, product.product_id, documents)


def bring_back(layout: StoreLayout, product_id: str) -> None:
    """Put the folder of the product that was deleted last in place again. The caller holds the store's lock.

    ProductNotFound where none can come back; Conflict when the id is taken, or differs only in case from one that is.
    """
    _refuse_case_variant(layout, product_id)
    if product_id in product_ids(layout):
        raise product_exists(product_id)
    deleted = newest_deleted(layout, product_id)
    if deleted is None:
        raise product_not_found(product_id)
    move_durably(deleted, layout.product_folder(product_id))


def _refuse_case_variant(layout: StoreLayout, product_id: str) -> None:
    for other in product_ids(layout):
        if other != product_id and other.casefold() == product_id.casefold():
            raise differs_in_case(product_id, other)


def _put_settings_back(layout: StoreLayout, product: Product) -> None:
    try:
        read_held_product(layout, product.product_id)
    except ProductDamaged:
        write_product(layout, product)
    else:
        raise product_exists(product.product_id)


def place_folder(layout: StoreLayout, product_id: str, documents: Mapping[Path, bytes]) -> None:
    """Put the folder of a product in place, with these documents. The caller holds the store's lock."""
    # Made out of sight and moved into place whole, so that nobody sees a folder without its documents.
    staged = layout.new_transit()
    folder = layout.product_folder(product_id)
    try:
        for subfolder in layout.product_folders(product_id):
            make_folder(staged / subfolder.relative_to(folder))
        for path, data in documents.items():
            write_durably(staged / path.relative_to(folder), data)
        move_durably(staged, folder)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def take_away(layout: StoreLayout, product_id: str) -> Path:
    """Move the folder of a product out of sight; its place now, to be removed. The caller holds the product's lock."""
    gone = layout.new_transit()
    move_durably(layout.product_folder(product_id), gone)
    return gone
