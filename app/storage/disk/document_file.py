"""Reading a document whose file may be absent or damaged. (Writing one is `write_durably(path, encode(document))`.)"""

from pathlib import Path
from typing import TypeVar

from app.storage.disk.durable import read_if_present
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import product_lock
from app.storage.disk.quarantine import quarantine
from app.storage.documents_json import DocumentDamaged, decode

T = TypeVar("T")


def read_document(kind: type[T], path: Path) -> T | None:
    """The document at `path`, None when there is none. DocumentDamaged, ConfigurationError as `decode`."""
    data = read_if_present(path)
    return None if data is None else decode(kind, data)


def read_or_quarantine(layout: StoreLayout, kind: type[T], path: Path) -> T | None:
    """As `read_document`, but a damaged file is moved away first. The caller holds the lock that its writers take."""
    try:
        return read_document(kind, path)
    except DocumentDamaged:
        quarantine(layout, path)
        raise


def read_of_product(layout: StoreLayout, product_id: str, kind: type[T], path: Path) -> T | None:
    """As `read_or_quarantine`, for a caller that holds no lock: the product's lock is taken only for a damaged file."""
    try:
        return read_document(kind, path)
    except DocumentDamaged:
        pass
    with product_lock(layout, product_id):
        return read_or_quarantine(layout, kind, path)
