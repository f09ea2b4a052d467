"""The settings of a product, and its folder from the first moment on."""

import shutil

from app.errors import Conflict, ProductDamaged, ProductNotFound, StaleRevision
from app.storage.disk.document_file import read_document, read_or_quarantine
from app.storage.disk.durable import make_folder, move_durably, write_durably
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import product_lock
from app.storage.disk.store import product_ids
from app.storage.documents import BankPointer, Product
from app.storage.documents_json import DocumentDamaged, encode


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
        raise ProductDamaged(
            f"The settings of product {product_id!r} are lost; a damaged copy is kept in quarantine. Send the settings "
            "again: its references and banks are kept."
        )
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
        _place(layout, product)


def _refuse_case_variant(layout: StoreLayout, product_id: str) -> None:
    for other in product_ids(layout):
        if other != product_id and other.casefold() == product_id.casefold():
            raise Conflict(
                f"Product {other!r} exists, and {product_id!r} differs from it only in case. Use another id."
            )


def _put_settings_back(layout: StoreLayout, product: Product) -> None:
    try:
        read_held_product(layout, product.product_id)
    except ProductDamaged:
        write_product(layout, product)
    else:
        raise Conflict(f"Product {product.product_id!r} exists. Change it instead, or use another id.")


def require_product(layout: StoreLayout, made_for: Product) -> None:
    """StaleRevision if the product has changed since `made_for` was read; ProductNotFound if it is another one by now.

    For a caller that holds the product's lock.
    """
    held = read_held_product(layout, made_for.product_id)
    if held.created_at != made_for.created_at:
        raise ProductNotFound(f"Product {made_for.product_id!r} was deleted meanwhile. Register its references again.")
    if held.revision != made_for.revision:
        raise StaleRevision(f"Product {made_for.product_id!r} was changed meanwhile.")


def _place(layout: StoreLayout, product: Product) -> None:
    # Made out of sight and moved into place whole, so that nobody sees a folder without its documents.
    staged = layout.new_transit()
    folder = layout.product_folder(product.product_id)
    try:
        for subfolder in layout.product_folders(product.product_id):
            make_folder(staged / subfolder.relative_to(folder))
        write_durably(staged / layout.product(product.product_id).name, encode(product))
        write_durably(staged / layout.pointer(product.product_id).name, encode(BankPointer()))
        move_durably(staged, folder)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
