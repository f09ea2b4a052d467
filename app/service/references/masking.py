"""The masking test of each product: its verdict, the numbers behind it, its preview; and running it again."""

from app.errors import BankDamaged, BlobDamaged, BlobMissing
from app.service.banks.banks import BankService
from app.service.banks.builder import BankBuilder
from app.service.banks.loader import no_references
from app.service.banks.masking_policy import MaskingView, masking_view
from app.storage.documents import MaskingRecord
from app.storage.store import Blobs, Catalog


class MaskingService:
    """What the masking test found, product by product."""

    def __init__(self, catalog: Catalog, blobs: Blobs, banks: BankService, builder: BankBuilder) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._banks = banks
        self._builder = builder

    def view(self, product_id: str) -> MaskingView:
        """Setting, verdict and numbers. ProductNotFound; NoReferences before the first registration."""
        product = self._catalog.product(product_id)
        record = self._record(product_id)
        return masking_view(product.settings, record)

    def preview(self, product_id: str) -> bytes:
        """The preview picture (PNG). ProductNotFound, NoReferences, BankDamaged."""
        try:
            return self._blobs.get(product_id, "previews", self._record(product_id).preview)
        except (BlobMissing, BlobDamaged) as error:
            raise BankDamaged(f"{error} Run the masking test again: POST /products/{product_id}/masking") from error

    def test(self, product_id: str) -> MaskingView:
        """Run the masking test again on the first reference; the outcome serves as a new bank version."""
        self._record(product_id)
        self._builder.update(product_id, "masking")
        return self.view(product_id)

    def _record(self, product_id: str) -> MaskingRecord:
        active = self._banks.active(product_id)
        if active is None or active.masking is None:
            raise no_references(product_id)
        return active.masking
