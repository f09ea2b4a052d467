"""Deleting products, and bringing them back."""

from app.service.banks.serving import ServingKnowledge
from app.storage.store import Catalog


class DeletionService:
    """Products are deleted whole, with their references and banks, and come back whole."""

    def __init__(self, catalog: Catalog, serving: ServingKnowledge) -> None:
        self._catalog = catalog
        self._serving = serving

    def delete(self, product_id: str, *, purge: bool = False) -> None:
        """Delete a product; its banks in memory go soon after. It can be restored for a day, unless it is purged.

        ProductNotFound.
        """
        with self._serving.changing(product_id):
            self._catalog.delete(product_id, purge=purge)

    def restore(self, product_id: str) -> None:
        """Undo the last deletion of this id. ProductNotFound after a day; Conflict where the id is taken anew."""
        with self._serving.changing(product_id):
            self._catalog.restore(product_id)
