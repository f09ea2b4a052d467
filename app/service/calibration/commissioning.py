"""Keeping inspected images, while a product is commissioned, until a person has called them good."""

import logging
from collections import Counter
from dataclasses import dataclass

from app.engine.verdict.calibration import fewest_good_images
from app.errors import InspectorError
from app.service.calibration.calibration_set import CONFIRM_WITHIN_S
from app.storage.documents import BankManifest, Product
from app.storage.store import Blobs


@dataclass(frozen=True, slots=True)
class Commissioning:
    """The image can be confirmed as good by its `sha256`; how many good ones there are, and how many are needed."""

    sha256: str
    good: int
    needed: int


logger = logging.getLogger(__name__)

CLEARED_EVERY = 100
"""Inspections of a product, after which images that nobody has confirmed in time are dropped."""


class Commissioner:
    """Keeps images for confirmation; one that cannot be kept stops no inspection."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._kept: Counter[str] = Counter()

    def kept(
        self, product: Product, manifest: BankManifest, good: int, sha256: str, upload: bytes
    ) -> Commissioning | None:
        """What can be confirmed, beside the `good` images that count; None unless the product is being commissioned,
        for references and for what could not be stored."""
        if not product.settings.commissioning or sha256 in {entry.sha256 for entry in manifest.references}:
            return None
        product_id = product.product_id
        try:
            self._blobs.put(product_id, "calibration-images", upload)
            self._kept[product_id] += 1
            if self._kept[product_id] % CLEARED_EVERY == 0:
                confirmed = {image.sha256 for image in product.calibration.images}
                self._blobs.collect(product_id, "calibration-images", confirmed, CONFIRM_WITHIN_S)
        except InspectorError as error:
            logger.warning("an inspected image of %s cannot be confirmed: %s", product_id, error)
            return None
        return Commissioning(sha256, good, fewest_good_images(product.settings.alpha))
