"""Measuring the calibration images in a bank version before it serves."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from app.engine.bank.bank import MemoryBank
from app.errors import BankDamaged, BlobDamaged, BlobMissing, GpuOutOfMemory, StaleRevision
from app.service.banks.banks import BankService
from app.service.banks.serving import ServingKnowledge
from app.service.calibration.calibration_set import with_table
from app.service.calibration.intake import CalibrationIntake
from app.service.calibration.measurer import CalibrationMeasurer, Measured
from app.storage.documents import BankManifest, CalibrationSet, Product
from app.storage.store import Blobs, Catalog

logger = logging.getLogger(__name__)

MEASURED_WITHIN_S = 30.0
"""A change of the bank takes no longer for its calibration; what it has not measured by then is measured while the new
version serves."""


class CalibrationAhead:
    """Sees to it that a version is calibrated from its first inspection on."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        banks: BankService,
        serving: ServingKnowledge,
        intake: CalibrationIntake,
        measurer: CalibrationMeasurer,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._banks = banks
        self._serving = serving
        self._intake = intake
        self._measurer = measurer

    def measured(self, product: Product, manifest: BankManifest) -> Product:
        """The product, its images measured in a version that is about to serve, as it is stored now. The version that
        serves keeps what was measured in it. Where measuring fails or takes too long, some images are not measured.

        Raises:
            StaleRevision: the product is another one meanwhile, or has other settings.
            ProductNotFound, StorageFull, StorageUnavailable, Draining.
        """
        if not product.calibration.images or not manifest.references:
            return product
        measured, until = self._measurer.of(product.product_id), time.monotonic() + MEASURED_WITHIN_S
        bank = cache(partial(self._banks.apart, product, manifest))
        while True:
            held_out = self._set(product, manifest, measured, bank, until)
            if held_out == product.calibration:
                return product
            try:
                with self._serving.changing(product.product_id):
                    written = self._catalog.replace(replace(product, calibration=held_out))
            except StaleRevision:
                product = self._unchanged(product)
                continue
            self._blobs.collect(product.product_id, "calibration", held_out.blobs)
            return written

    def _set(
        self, product: Product, manifest: BankManifest, measured: Measured, bank: Callable[[], MemoryBank], until: float
    ) -> CalibrationSet:
        held_out, served = product.calibration, self._served(product.product_id)
        try:
            rows = measured.rows(product, held_out.images, manifest, bank, until)
        except (BlobMissing, BlobDamaged, BankDamaged, GpuOutOfMemory) as error:
            logger.warning("bank %d of %s serves without calibration: %s", manifest.version, product.product_id, error)
            return held_out
        known = measured.known(product, served) if served else ()
        images = self._intake.compared(product.product_id, held_out.images, rows, manifest, known, served)
        kept = self._kept(product.product_id) | {manifest.content}
        tables = [each for each in held_out.tables if each.bank in kept]
        found = with_table(tables, images, measured.stored(rows, manifest))
        return replace(found, bank_version=held_out.bank_version, table=held_out.table)

    def _served(self, product_id: str) -> BankManifest | None:
        try:
            return self._banks.active(product_id)
        except BankDamaged:
            return None

    def _kept(self, product_id: str) -> set[str]:
        """Contents of the versions that there are."""
        return {manifest.content for manifest in self._banks.manifests(product_id)[0]}

    def _unchanged(self, product: Product) -> Product:
        found = self._catalog.product(product.product_id)
        if (found.created_at, found.settings) != (product.created_at, product.settings):
            raise StaleRevision(f"Product {product.product_id!r} was changed meanwhile.")
        return found
