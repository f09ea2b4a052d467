"""Deleting products, and bringing them back."""

from datetime import datetime

from app.errors import Conflict, ProductNotFound, RecordsOff
from app.service.banks.serving import ServingKnowledge
from app.storage.pictures.pictures import Pictures
from app.storage.records.record import microseconds
from app.storage.records.store import Records
from app.storage.store import Catalog


class DeletionService:
    """Products are deleted whole, with their references, banks and pictures, and come back whole."""

    def __init__(
        self, catalog: Catalog, serving: ServingKnowledge, pictures: Pictures | None, records: Records | None
    ) -> None:
        self._catalog = catalog
        self._serving = serving
        self._pictures = pictures
        self._records = records

    def delete(self, product_id: str, *, purge: bool = False, forget: bool = False) -> None:
        """Delete a product; its banks in memory go soon after. It can be restored for a day, unless it is purged.
        `forget`: also delete its records, for good, and its pictures with them.

        ProductNotFound; RecordsOff: there are none to forget.
        """
        if forget and self._records is None:
            raise RecordsOff("Inspections are not kept on record here, so none can be deleted. Leave `records` out.")
        try:
            with self._serving.changing(product_id):
                self._catalog.delete(product_id, purge=purge)
        except ProductNotFound:
            # Whoever deleted it may have died before the rest was.
            self._delete_kept(product_id, purge=purge, forget=forget)
            raise
        self._delete_kept(product_id, purge=purge, forget=forget)

    def restore(self, product_id: str) -> None:
        """Undo the last deletion of this id. ProductNotFound after a day; Conflict where the id is taken anew."""
        try:
            with self._serving.changing(product_id):
                self._catalog.restore(product_id)
        except Conflict:
            # It may be back, and only its pictures not.
            self._restore_pictures(product_id)
            raise
        self._restore_pictures(product_id)

    def _restore_pictures(self, product_id: str) -> None:
        if self._pictures:
            born = datetime.fromisoformat(self._catalog.product(product_id).created_at)
            self._pictures.restore(product_id, microseconds(born))

    def _delete_kept(self, product_id: str, *, purge: bool, forget: bool) -> None:
        if self._pictures:
            self._pictures.delete(product_id, for_good=purge or forget)
        if self._records and forget:
            self._records.forget(product_id)
