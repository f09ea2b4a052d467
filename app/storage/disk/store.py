"""What belongs to the store as a whole: its format, its default backbone, its opening."""

import shutil

from app.storage.disk.deleted import remove_expired
from app.storage.disk.document_file import read_or_quarantine
from app.storage.disk.durable import list_folder, make_folder, remove_leftovers, write_durably
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import store_lock
from app.storage.documents import STORE_FORMAT, StoreRecord
from app.storage.documents_json import DocumentDamaged, encode
from app.storage.product_id import is_product_id
from app.storage.refusals import other_format


def open_store(layout: StoreLayout) -> None:
    """Make the folders, refuse a store of another format, remove what dead writers left.

    ConfigurationError for another format; StorageFull, StorageUnavailable.
    """
    for folder in (layout.root, layout.products, layout.quarantine, layout.transit, layout.deleted):
        make_folder(folder)
    with store_lock(layout):
        record = read_record(layout)
        if record is None and not product_ids(layout):
            write_durably(layout.store, encode(StoreRecord()))
        if record is not None and record.format != STORE_FORMAT:
            raise other_format(str(layout.root), record.format, STORE_FORMAT)
        for folder in list_folder(layout.transit):
            shutil.rmtree(folder, ignore_errors=True)
    remove_expired(layout)
    for product_id in product_ids(layout):
        for folder in layout.product_folders(product_id):
            remove_leftovers(folder)
    remove_leftovers(layout.root)


def read_record(layout: StoreLayout) -> StoreRecord | None:
    """The record of the store; None when it is lost. The caller holds the store's lock."""
    try:
        return read_or_quarantine(layout, StoreRecord, layout.store)
    except DocumentDamaged:
        return None


def product_ids(layout: StoreLayout) -> list[str]:
    return [path.name for path in list_folder(layout.products) if is_product_id(path.name)]
