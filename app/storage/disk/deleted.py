"""Products that were deleted and can come back for a while: their folders, whole, beside those of the products."""

import re
import shutil
import time
from pathlib import Path

from app.storage.disk.durable import list_folder, make_folder, move_durably
from app.storage.disk.layout import StoreLayout
from app.storage.store import RESTORABLE_S

_NAME = re.compile(r"(?P<product_id>[^@]+)@(?P<deleted_ms>[0-9]{13})")


def deleted_folder(layout: StoreLayout, product_id: str, deleted_ms: int) -> Path:
    """Where the folder of a product lies that was deleted at that time (Unix, ms)."""
    return layout.deleted / f"{layout.product_folder(product_id).name}@{deleted_ms:013d}"


def put_aside(layout: StoreLayout, product_id: str, deleted_ms: int) -> None:
    """Delete a product so that it can come back. The caller holds the product's lock."""
    make_folder(layout.deleted)
    move_durably(layout.product_folder(product_id), deleted_folder(layout, product_id, deleted_ms))


def newest_deleted(layout: StoreLayout, product_id: str) -> Path | None:
    """The folder of the product with this id that was deleted last; None where none can come back any more."""
    layout.product_folder(product_id)  # InvalidProductId
    of_it = [path for path in _restorable(layout) if path.name.partition("@")[0] == product_id]
    return max(of_it, default=None)


def remove_expired(layout: StoreLayout) -> None:
    """Remove what cannot come back any more."""
    for folder in set(list_folder(layout.deleted)) - set(_restorable(layout)):
        shutil.rmtree(folder, ignore_errors=True)


def _restorable(layout: StoreLayout) -> list[Path]:
    oldest_ms = 1000 * (time.time() - RESTORABLE_S)
    named = ((path, _NAME.fullmatch(path.name)) for path in list_folder(layout.deleted))
    return [path for path, name in named if name and int(name["deleted_ms"]) > oldest_ms]
