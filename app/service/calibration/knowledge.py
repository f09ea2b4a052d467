"""The calibration of each bank in use, worked out once."""

import logging
from collections import OrderedDict
from threading import Lock

from app.errors import BankDamaged, BlobDamaged, BlobMissing, StorageUnavailable
from app.service.banks.cache import LoadedBank
from app.service.calibration.bank_calibration import Calibration, calibration
from app.storage.documents import Product
from app.storage.left_out import LeftOutTable, decode_left_out
from app.storage.store import Blobs

logger = logging.getLogger(__name__)

KEPT = 256


class CalibrationKnowledge:
    """Safe for many threads."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._known: OrderedDict[object, Calibration] = OrderedDict()
        self._guard = Lock()

    def of(self, product: Product, loaded: LoadedBank) -> Calibration:
        """Of a loaded bank. What the store cannot give is left out: less is promised then."""
        manifest = loaded.manifest
        key = (product.product_id, product.created_at, product.revision, manifest.version)
        with self._guard:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        complete = True
        measured: LeftOutTable = {}
        try:
            measured = stored_measurements(self._blobs, product, manifest.version)
        except (BlobMissing, BlobDamaged, BankDamaged, StorageUnavailable) as error:
            logger.warning("the calibration images of %s are left out: %s", product.product_id, error)
            complete = not isinstance(error, StorageUnavailable)
        found = calibration(product, manifest, loaded.left_out, measured)
        if complete:
            with self._guard:
                self._known[key] = found
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
        return found


def stored_measurements(blobs: Blobs, product: Product, version: int) -> LeftOutTable:
    """The calibration images in a bank version, by position; empty where they were not measured in it.

    BlobMissing, BlobDamaged, BankDamaged, StorageUnavailable.
    """
    held_out = product.calibration
    if held_out.table is None or held_out.bank_version != version:
        return {}
    return decode_left_out(blobs.get(product.product_id, "calibration", held_out.table))
