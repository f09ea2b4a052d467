"""The calibration images of each product: held-out good ones that set the threshold, bad ones that are counted."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from app.errors import (
    BlobDamaged,
    BlobMissing,
    CalibrationImageNotFound,
    InspectorError,
    NoReferences,
    ProductNotFound,
    StaleRevision,
)
from app.service.banks.banks import BankService
from app.service.banks.cache import LoadedBank
from app.service.banks.loader import BankNotLoaded
from app.service.banks.serving import ServingKnowledge
from app.service.calibration.calibration_set import (
    CONFIRM_WITHIN_S,
    CalibrationView,
    Images,
    joined,
    lacks_rows,
    not_found,
    require_no_references,
    require_room,
    with_table,
)
from app.service.calibration.intake import CalibrationIntake
from app.service.calibration.knowledge import CalibrationKnowledge
from app.service.calibration.measurer import CalibrationMeasurer, Measured
from app.service.uploads.checked_upload import Upload, require_images
from app.storage.documents import CalibrationImage, CalibrationSet, Product
from app.storage.store import Blobs, Catalog

logger = logging.getLogger(__name__)


class CalibrationService:
    """The calibration sets. What a change has returned survives a power cut."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        banks: BankService,
        serving: ServingKnowledge,
        knowledge: CalibrationKnowledge,
        intake: CalibrationIntake,
        measurer: CalibrationMeasurer,
        background: CalibrationMeasurer,
        max_images: int,
    ) -> None:
        """`background` measures again, after a change of the bank, what `measurer` measured when it was sent."""
        self._catalog = catalog
        self._blobs = blobs
        self._banks = banks
        self._serving = serving
        self._knowledge = knowledge
        self._intake = intake
        self._measurer = measurer
        self._background = background
        self._max_images = max_images
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="calibration")

    def view(self, product_id: str) -> CalibrationView:
        """ProductNotFound, BankDamaged, BackboneMismatch, StorageUnavailable."""
        loaded = self._loaded(product_id)
        product = self._catalog.product(product_id)
        if loaded is None:
            return CalibrationView(product, None, None)
        return CalibrationView(product, loaded.manifest, self._knowledge.of(product, loaded))

    def add(self, product_id: str, uploads: Sequence[Upload], *, is_good: bool) -> CalibrationView:
        """Take photographs that are in no bank into the calibration set: all of them, or none.

        One that is there already is called good or bad anew.

        Raises:
            InvalidRequest and what is below it; ProductNotFound; NoReferences; Conflict: one is a reference.
        """
        require_images(uploads, self._max_images)
        loaded = self._required(product_id)
        given = self._intake.sent(product_id, uploads, loaded, is_good=is_good)
        return self._change(product_id, self._measurer, given=given)

    def confirm(self, product_id: str, sha256: str, *, is_good: bool) -> CalibrationView:
        """Call an image good or bad that was inspected while commissioning, whose inspection people have called so
        (however long ago, if its photograph is kept), or that is in the set.

        Raises:
            ProductNotFound, NoReferences; CalibrationImageNotFound: it is not kept (any more).
        """
        product = self._catalog.product(product_id)
        known = [image for image in product.calibration.images if image.sha256 == sha256]
        if known:
            image = replace(known[0], is_good=is_good)
        else:
            image = self._intake.kept(product, sha256, self._required(product_id), is_good=is_good)
        return self._change(product_id, self._measurer, given=[image])

    def remove(self, product_id: str, sha256: str | None) -> CalibrationView:
        """Take an image out of the set; None: all of them. ProductNotFound, CalibrationImageNotFound."""
        images = self._catalog.product(product_id).calibration.images
        if sha256 is not None and sha256 not in {image.sha256 for image in images}:
            self._catalog.secure(product_id)
            raise not_found(product_id, sha256)
        return self._change(
            product_id, self._measurer, keep=lambda image: sha256 is not None and image.sha256 != sha256
        )

    def measure(self, product_id: str) -> CalibrationView:
        """Measure the images anew in the bank that serves. ProductNotFound, NoReferences."""
        self._required(product_id)
        return self._change(product_id, self._measurer)

    def image(self, product_id: str, sha256: str) -> tuple[bytes, str]:
        """An image of the set as it was uploaded, and its media type. ProductNotFound, CalibrationImageNotFound."""
        for image in self._catalog.product(product_id).calibration.images:
            if image.sha256 == sha256:
                try:
                    return self._blobs.get(product_id, "calibration-images", sha256), image.media_type
                except (BlobMissing, BlobDamaged) as error:
                    raise CalibrationImageNotFound(
                        f"Calibration image {sha256!r} is lost. Send that photograph again."
                    ) from error
        raise not_found(product_id, sha256)

    def follow(self, product_id: str) -> None:
        """After a change: where images were not measured in the bank that serves, measure them."""
        self._worker.submit(self._measured_again, product_id)

    def follow_all(self) -> None:
        """As `follow`, for every product: at the start, what an end of the process has cut off."""
        try:
            for product_id in self._catalog.product_ids():
                self.follow(product_id)
        except InspectorError as error:
            logger.warning("calibrations are not looked at: %s", error)

    def close(self) -> None:
        self._worker.shutdown(cancel_futures=True)

    def _measured_again(self, product_id: str) -> None:
        try:
            held_out = self._catalog.product(product_id).calibration
            if held_out.images and (manifest := self._banks.active(product_id)) and lacks_rows(held_out, manifest):
                self._change(product_id, self._background)
        except ProductNotFound:
            return
        except InspectorError as error:
            logger.warning("the calibration images of %s were not measured again: %s", product_id, error)

    def _change(
        self,
        product_id: str,
        measurer: CalibrationMeasurer,
        *,
        given: Sequence[CalibrationImage] = (),
        keep: Callable[[CalibrationImage], bool] = lambda _: True,
    ) -> CalibrationView:
        """Keep some of the images, take the given ones in, and measure those that have not been."""
        measured = measurer.of(product_id)
        while True:
            product, loaded = self._catalog.product(product_id), self._loaded(product_id)
            kept = tuple(image for image in product.calibration.images if keep(image))
            images = joined(kept, given)
            require_room(images)
            held_out = CalibrationSet(images, product.calibration.tables if images else ())
            if loaded is not None and images:
                require_no_references(given, loaded)
                held_out = self._measured(product, images, measured, loaded)
            if held_out == product.calibration:
                self._catalog.secure(product_id)
                return self.view(product_id)
            try:
                with self._serving.changing(product_id):
                    self._catalog.replace(replace(product, calibration=held_out))
            except StaleRevision:
                continue
            self._collect(product_id, held_out)
            return self.view(product_id)

    def _measured(self, product: Product, images: Images, measured: Measured, loaded: LoadedBank) -> CalibrationSet:
        """The images as measured and compared in the bank that serves; the tables of other versions stay."""
        manifest, known = loaded.manifest, measured.known(product, loaded.manifest)
        rows = measured.rows(product, images, manifest, lambda: loaded.bank)
        images = self._intake.compared(product.product_id, images, rows, manifest, known, manifest)
        return with_table(product.calibration.tables, images, measured.stored(rows, manifest))

    def _collect(self, product_id: str, held_out: CalibrationSet) -> None:
        self._blobs.collect(product_id, "calibration", held_out.blobs)
        kept = {image.sha256 for image in held_out.images}
        self._blobs.collect(product_id, "calibration-images", kept, CONFIRM_WITHIN_S)

    def _loaded(self, product_id: str) -> LoadedBank | None:
        try:
            return self._required(product_id)
        except NoReferences:
            return None

    def _required(self, product_id: str) -> LoadedBank:
        self._serving.expire(product_id)
        try:
            return self._banks.loaded(self._serving.get(product_id))
        except BankNotLoaded as raised:
            return self._banks.load(raised.cold.wanted).result()
