"""Measuring calibration images: how far their patches lie from a bank that they are not in."""

import logging

import numpy as np

from app.engine.bank.bank import unit_length
from app.engine.bank.left_out import NOBODY, LeftOut
from app.engine.detector import patch_features
from app.engine.masking.foreground import foreground_mask
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import preprocess
from app.errors import BankDamaged, BlobDamaged, BlobMissing
from app.service.accelerator.backbones import Backbones
from app.service.accelerator.pieces import Pieces
from app.service.banks.cache import LoadedBank
from app.service.calibration.knowledge import stored_measurements
from app.storage.documents import CalibrationImage, CalibrationSet, Product
from app.storage.left_out import encode_left_out
from app.storage.store import Blobs

logger = logging.getLogger(__name__)


class CalibrationMeasurer:
    """Measures images in pieces that let inspections through."""

    def __init__(self, blobs: Blobs, backbones: Backbones, pieces: Pieces, max_pixels: int) -> None:
        self._blobs = blobs
        self._backbones = backbones
        self._pieces = pieces
        self._max_pixels = max_pixels

    def of(self, product_id: str) -> "Measured":
        """For one change of a product: what it has measured is not measured again when it starts over."""
        return Measured(self, self._blobs, product_id)

    def row(self, data: bytes, loaded: LoadedBank) -> LeftOut:
        """One image in a bank, unmasked. Whose patches are nearest is not told."""
        backbone = self._backbones.get(loaded.manifest.backbone)
        made = loaded.manifest.preprocessing
        image = self._pieces.beside(decode_image, data, self._max_pixels, made.bit_depth).pixels
        model_input = self._pieces.beside(preprocess, image, made.smaller_edge, backbone.spec, made.fit)
        [features] = self._pieces.run(patch_features, backbone, [model_input])
        distances, _ = self._pieces.run(loaded.bank.nearest, unit_length(features.values))
        mask = self._pieces.beside(foreground_mask, features, backbone.spec, "robust")
        return LeftOut(distances, np.full(len(distances), NOBODY, np.int32), mask)


class Measured:
    """The rows of one product's calibration images, by bank version."""

    def __init__(self, measurer: CalibrationMeasurer, blobs: Blobs, product_id: str) -> None:
        self._measurer = measurer
        self._blobs = blobs
        self._product_id = product_id
        self._rows: dict[tuple[int, str], LeftOut] = {}

    def set(self, product: Product, images: tuple[CalibrationImage, ...], loaded: LoadedBank) -> CalibrationSet:
        """The images as measured in the loaded bank, the table stored. One that is lost, or a reference of this very
        bank, has no row.

        StorageFull, StorageUnavailable, Draining, GpuOutOfMemory.
        """
        version = loaded.manifest.version
        references = {entry.sha256 for entry in loaded.manifest.references}
        for sha256, known in self._known(product, version).items():
            self._rows.setdefault((version, sha256), known)
        table = {}
        for position, image in enumerate(images):
            if image.sha256 in references:
                continue
            row = self._rows.get((version, image.sha256)) or self._measured(image, loaded)
            if row is not None:
                table[position] = self._rows[version, image.sha256] = row
        stored = self._blobs.put(self._product_id, "calibration", encode_left_out(table)) if table else None
        return CalibrationSet(images, version, stored, sum(images[position].is_good for position in table))

    def _known(self, product: Product, version: int) -> dict[str, LeftOut]:
        images = product.calibration.images
        try:
            stored = stored_measurements(self._blobs, product, version)
        except (BlobMissing, BlobDamaged, BankDamaged) as error:
            logger.warning("the calibration images of %s are measured again: %s", self._product_id, error)
            return {}
        return {images[position].sha256: row for position, row in stored.items()}

    def _measured(self, image: CalibrationImage, loaded: LoadedBank) -> LeftOut | None:
        try:
            return self._measurer.row(self._blobs.get(self._product_id, "calibration-images", image.sha256), loaded)
        except (BlobMissing, BlobDamaged) as error:
            logger.error("a calibration image of %s is lost: %s", self._product_id, error)
            return None
