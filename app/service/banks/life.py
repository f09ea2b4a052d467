"""Whether a product is still the one that it was: once deleted and created again, it has the same id but no blobs."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import BankDamaged, ProductNotFound, StorageError
from app.storage.documents import Product
from app.storage.store import Catalog


def require_same_life(catalog: Catalog, product_id: str, created_at: str) -> Product:
    """The product as it is now; ProductNotFound where it was deleted, also if another one has its id."""
    found = catalog.product(product_id)
    if found.created_at != created_at:
        raise ProductNotFound(f"Product {product_id!r} was deleted meanwhile. Register its references again.")
    return found


@contextmanager
def same_life(catalog: Catalog, product_id: str, created_at: str | None = None) -> Iterator[None]:
    """Round what needs the blobs of a product, of now or of the time given: where some are missing because it was
    deleted meanwhile, it is that which is told, as ProductNotFound."""
    created_at = created_at or catalog.product(product_id).created_at
    try:
        yield
    except (StorageError, BankDamaged):
        require_same_life(catalog, product_id, created_at)
        raise
