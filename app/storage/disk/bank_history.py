"""The bank versions of a product and the pointer to the one that serves."""

import logging

from app.storage.compare_and_set import to_recovered
from app.storage.disk.document_file import read_document, read_or_quarantine
from app.storage.disk.durable import list_folder, write_durably
from app.storage.disk.layout import StoreLayout, version_of
from app.storage.disk.lock import product_lock
from app.storage.documents import BankPointer
from app.storage.documents_json import DocumentDamaged, encode

logger = logging.getLogger(__name__)


def read_pointer(layout: StoreLayout, product_id: str) -> BankPointer:
    """The pointer; ProductNotFound. A lost one is replaced by one without an active version."""
    try:
        pointer = read_document(BankPointer, layout.pointer(product_id))
    except DocumentDamaged:
        pointer = None
    if pointer is not None:
        return pointer
    with product_lock(layout, product_id):
        return read_held_pointer(layout, product_id)


def read_held_pointer(layout: StoreLayout, product_id: str) -> BankPointer:
    """As `read_pointer`, for a caller that holds the product's lock."""
    try:
        pointer = read_or_quarantine(layout, BankPointer, layout.pointer(product_id))
    except DocumentDamaged:
        pointer = None
    return _recovered_pointer(layout, product_id) if pointer is None else pointer


def write_pointer(layout: StoreLayout, product_id: str, pointer: BankPointer) -> BankPointer:
    write_durably(layout.pointer(product_id), encode(pointer))
    return pointer


def list_versions(layout: StoreLayout, product_id: str, latest: int) -> list[int]:
    """The versions that are kept, ascending. A manifest above `latest` was never published and does not count."""
    return [version for version in all_versions(layout, product_id) if version <= latest]


def all_versions(layout: StoreLayout, product_id: str) -> list[int]:
    """The versions of which there is a manifest, ascending, be they published or not."""
    versions = (version_of(path) for path in list_folder(layout.banks(product_id)))
    return sorted(version for version in versions if version is not None)


def _recovered_pointer(layout: StoreLayout, product_id: str) -> BankPointer:
    versions = all_versions(layout, product_id)
    logger.error("product %s: which bank version serves is lost; activate one of %s", product_id, versions)
    return write_pointer(layout, product_id, to_recovered(versions))
