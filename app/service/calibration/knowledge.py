"""The calibration of each bank version in use, worked out once."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TypeVar

from app.engine.bank.left_out import LeftOut
from app.errors import BankDamaged, BlobDamaged, BlobMissing, StorageUnavailable
from app.service.banks.cache import LoadedBank
from app.service.banks.left_out import stored_left_out
from app.service.verdicts.bank_calibration import Calibration
from app.service.verdicts.promise import calibration
from app.storage.documents import BankManifest, Product
from app.storage.left_out import LeftOutTable, decode_measured
from app.storage.store import Blobs

logger = logging.getLogger(__name__)

KEPT = 256
DIGEST_LENGTH = 64

Name = TypeVar("Name", int, str)


class CalibrationKnowledge:
    """Safe for many threads."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._known: OrderedDict[object, Calibration] = OrderedDict()
        self._guard = Lock()

    def of(self, product: Product, loaded: LoadedBank) -> Calibration:
        """Of a loaded bank. What the store cannot give is left out: less is promised then."""
        return self._of(product, loaded.manifest, loaded.left_out)

    def of_version(self, product: Product, manifest: BankManifest | None) -> Calibration:
        """Of a bank version that need not be in memory, or of none; otherwise as above."""
        if manifest is None or not manifest.references:
            return Calibration("none", counted=product.calibration.good)
        return self._of(product, manifest, None)

    def _of(self, product: Product, manifest: BankManifest, left_out: LeftOutTable | None) -> Calibration:
        key = (product.product_id, product.created_at, product.revision, manifest.version)
        with self._guard:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        measured, complete = _as_far_as_stored(lambda: stored_measurements(self._blobs, product, manifest), product)
        if left_out is None:
            left_out, known = _as_far_as_stored(
                lambda: stored_left_out(self._blobs, product.product_id, manifest), product
            )
            complete &= known
        found = calibration(product, manifest, left_out, measured)
        if complete:
            with self._guard:
                self._known[key] = found
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
        return found


def _as_far_as_stored(
    read: Callable[[], Mapping[Name, LeftOut]], product: Product
) -> tuple[Mapping[Name, LeftOut], bool]:
    """What is read, nothing where it is lost; and whether asking again would give the same."""
    try:
        return read(), True
    except (BlobMissing, BlobDamaged, BankDamaged) as error:
        logger.warning("what calibrates %s is left out: %s", product.product_id, error)
        return {}, True
    except StorageUnavailable as error:
        logger.warning("what calibrates %s is left out for now: %s", product.product_id, error)
        return {}, False


def stored_measurements(blobs: Blobs, product: Product, manifest: BankManifest) -> dict[str, LeftOut]:
    """The calibration images in a bank version, by SHA-256; those of the set that were measured in it.

    BlobMissing, BlobDamaged, BankDamaged, StorageUnavailable.
    """
    images, table = product.calibration.images, product.calibration.table_of(manifest)
    if table is None:
        return {}
    rows = decode_measured(blobs.get(product.product_id, "calibration", table.table))
    if any(len(name) < DIGEST_LENGTH for name in rows):
        # An earlier release named them by position.
        rows = {images[int(name)].sha256: row for name, row in rows.items()}
    return {image.sha256: rows[image.sha256] for image in images if image.sha256 in rows}
