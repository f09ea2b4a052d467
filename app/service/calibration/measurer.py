"""Measuring calibration images: how far their patches lie from a bank that they are not in."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from app.engine.bank.bank import MemoryBank
from app.engine.bank.left_out import NOBODY, LeftOut
from app.engine.bank.near import NO_ROW
from app.engine.detector import patch_distances, patch_features
from app.engine.masking.foreground import foreground_mask
from app.engine.methods.known import method_of
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import preprocess
from app.errors import BankDamaged, BlobDamaged, BlobMissing, InvalidRequest
from app.service.accelerator.backbones import Backbones
from app.service.accelerator.pieces import Pieces
from app.service.calibration.knowledge import stored_measurements
from app.storage.documents import BankManifest, CalibrationImage, CalibrationTable, Product
from app.storage.left_out import encode_measured
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

    def row(self, data: bytes, manifest: BankManifest, bank: MemoryBank) -> LeftOut:
        """One image in a bank, unmasked."""
        made = manifest.preprocessing
        backbone = self._backbones.get(manifest.backbone, made)
        image = self._pieces.beside(decode_image, data, self._max_pixels, made.bit_depth).pixels
        model_input = self._pieces.beside(preprocess, image, made.smaller_edge, backbone.spec, made.fit)
        [features] = self._pieces.run(patch_features, backbone, [model_input])
        mask = self._pieces.beside(foreground_mask, features, backbone.spec, "robust")
        everything = np.ones(len(mask), bool)
        weighed = [everything, mask] if method_of(made).weighs(made.fit) else []
        found = self._pieces.run(partial(patch_distances, features, bank, everything, weighed=weighed))
        nearest = [NOBODY if row == NO_ROW else bank.origin(int(row)).reference for row in found.nearest]
        return LeftOut(found.values, np.array(nearest, np.int32), mask, found.weights)


class Measured:
    """The rows of one product's calibration images, by what the bank is made of."""

    def __init__(self, measurer: CalibrationMeasurer, blobs: Blobs, product_id: str) -> None:
        self._measurer = measurer
        self._blobs = blobs
        self._product_id = product_id
        self._rows: dict[tuple[str, str], LeftOut] = {}

    def rows(
        self,
        product: Product,
        images: Sequence[CalibrationImage],
        manifest: BankManifest,
        bank: Callable[[], MemoryBank],
        until: float = math.inf,
    ) -> dict[str, LeftOut]:
        """The images in a bank, by SHA-256; after `until` (`time.monotonic`) no further one is measured. `bank` is
        asked for only where one has to be. One that is lost, or a reference of this very bank, has no row.

        StorageUnavailable, Draining, GpuOutOfMemory; what `bank` raises.
        """
        content, references = manifest.content, {entry.sha256 for entry in manifest.references}
        for sha256, known in self.known(product, manifest).items():
            self._rows.setdefault((content, sha256), known)
        for image in images:
            if image.sha256 in references or (content, image.sha256) in self._rows or time.monotonic() >= until:
                continue
            if (row := self._measured(image, manifest, bank)) is not None:
                self._rows[content, image.sha256] = row
        wanted = [image.sha256 for image in images if image.sha256 not in references]
        return {sha256: self._rows[content, sha256] for sha256 in wanted if (content, sha256) in self._rows}

    def stored(self, rows: Mapping[str, LeftOut], manifest: BankManifest) -> CalibrationTable:
        """The rows as a table in the store. StorageFull, StorageUnavailable."""
        return CalibrationTable(
            manifest.content, self._blobs.put(self._product_id, "calibration", encode_measured(rows)), len(rows)
        )

    def known(self, product: Product, manifest: BankManifest) -> dict[str, LeftOut]:
        """What the store has of a bank version. StorageUnavailable."""
        try:
            return stored_measurements(self._blobs, product, manifest)
        except (BlobMissing, BlobDamaged, BankDamaged) as error:
            logger.warning("the calibration images of %s are measured again: %s", self._product_id, error)
            return {}

    def _measured(
        self, image: CalibrationImage, manifest: BankManifest, bank: Callable[[], MemoryBank]
    ) -> LeftOut | None:
        searched = bank()
        try:
            data = self._blobs.get(self._product_id, "calibration-images", image.sha256)
            return self._measurer.row(data, manifest, searched)
        except (BlobMissing, BlobDamaged, InvalidRequest) as error:
            logger.error("a calibration image of %s is lost: %s", self._product_id, error)
            return None
