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
from app.service.bank_cache import LoadedBank
from app.service.bank_loader import BankNotLoaded
from app.service.banks import BankService
from app.service.calibration_images import (
    CONFIRM_WITHIN_S,
    CalibrationView,
    Images,
    joined,
    not_found,
    require_no_references,
    require_room,
)
from app.service.calibration_knowledge import CalibrationKnowledge
from app.service.calibration_measurer import CalibrationMeasurer
from app.service.checked_upload import checked_upload, require_images
from app.service.clock import now
from app.service.results import Upload
from app.service.serving import ServingKnowledge
from app.storage.documents import CalibrationImage, CalibrationSet
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
        measurer: CalibrationMeasurer,
        background: CalibrationMeasurer,
        *,
        max_pixels: int,
        max_images: int,
    ) -> None:
        """`background` measures again, after a change of the bank, what `measurer` measured when it was sent."""
        self._catalog = catalog
        self._blobs = blobs
        self._banks = banks
        self._serving = serving
        self._knowledge = knowledge
        self._measurer = measurer
        self._background = background
        self._max_pixels = max_pixels
        self._max_images = max_images
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="calibration")

    def view(self, product_id: str) -> CalibrationView:
        """ProductNotFound, BankDamaged, BackboneMismatch, StorageUnavailable."""
        product, loaded = self._catalog.product(product_id), self._loaded(product_id)
        if loaded is None:
            return CalibrationView(product, None, None)
        return CalibrationView(product, loaded.manifest.version, self._knowledge.of(product, loaded))

    def add(self, product_id: str, uploads: Sequence[Upload], *, is_good: bool) -> CalibrationView:
        """Take photographs that are in no bank into the calibration set: all of them, or none.

        One that is there already is called good or bad anew.

        Raises:
            InvalidRequest and what is below it; ProductNotFound; NoReferences; Conflict: one is a reference.
        """
        require_images(uploads, self._max_images)
        loaded = self._required(product_id)
        checked = [self._checked(each, place, loaded, is_good) for place, each in enumerate(uploads)]
        for upload in uploads:
            self._blobs.put(product_id, "calibration-images", upload.data)
        return self._change(product_id, lambda images: joined(images, checked), self._measurer, given=checked)

    def confirm(self, product_id: str, sha256: str, *, is_good: bool) -> CalibrationView:
        """Call an image good or bad that was inspected while commissioning, or that is in the set.

        Raises:
            ProductNotFound, NoReferences; CalibrationImageNotFound: it is not kept (any more).
        """
        known = [image for image in self._catalog.product(product_id).calibration.images if image.sha256 == sha256]
        image = known[0] if known else self._kept(product_id, sha256)
        changed = replace(image, is_good=is_good)
        return self._change(product_id, lambda images: joined(images, [changed]), self._measurer, given=[changed])

    def remove(self, product_id: str, sha256: str | None) -> CalibrationView:
        """Take an image out of the set; None: all of them. ProductNotFound, CalibrationImageNotFound."""
        images = self._catalog.product(product_id).calibration.images
        if sha256 is not None and sha256 not in {image.sha256 for image in images}:
            self._catalog.secure(product_id)
            raise not_found(product_id, sha256)
        return self._change(
            product_id,
            lambda images: tuple(image for image in images if sha256 is not None and image.sha256 != sha256),
            self._measurer,
        )

    def measure(self, product_id: str) -> CalibrationView:
        """Measure the images anew in the bank that serves. ProductNotFound, NoReferences."""
        self._required(product_id)
        return self._change(product_id, lambda images: images, self._measurer)

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
        """After a change: where another bank serves than the images were measured in, measure them in that one."""
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
            images = self._catalog.product(product_id).calibration
            active = self._catalog.pointer(product_id).active
            if images.images and active is not None and images.bank_version != active:
                self._change(product_id, lambda images: images, self._background)
        except ProductNotFound:
            return
        except InspectorError as error:
            logger.warning("the calibration images of %s were not measured again: %s", product_id, error)

    def _change(
        self,
        product_id: str,
        change: Callable[[Images], Images],
        measurer: CalibrationMeasurer,
        given: Sequence[CalibrationImage] = (),
    ) -> CalibrationView:
        measured = measurer.of(product_id)
        while True:
            product, loaded = self._catalog.product(product_id), self._loaded(product_id)
            images = change(product.calibration.images)
            require_room(images)
            held_out = CalibrationSet(images)
            if loaded is not None and images:
                require_no_references(given, loaded)
                held_out = measured.set(product, images, loaded)
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

    def _collect(self, product_id: str, held_out: CalibrationSet) -> None:
        self._blobs.collect(product_id, "calibration", {held_out.table} if held_out.table else set())
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

    def _checked(self, upload: Upload, place: int, loaded: LoadedBank, is_good: bool) -> CalibrationImage:
        manifest = loaded.manifest
        checked = checked_upload(
            upload,
            place,
            max_pixels=self._max_pixels,
            smaller_edge=manifest.preprocessing.smaller_edge,
            patch_size=self._measurer.patch_size(manifest),
        )
        return CalibrationImage(
            sha256=checked.sha256,
            is_good=is_good,
            filename=upload.filename,
            media_type=checked.media_type,
            width=checked.geometry.original.width,
            height=checked.geometry.original.height,
            size_bytes=len(upload.data),
            added_at=now(),
            appearance=checked.photograph.appearance,
        )

    def _kept(self, product_id: str, sha256: str) -> CalibrationImage:
        """An image that was kept while commissioning."""
        try:
            data = self._blobs.get(product_id, "calibration-images", sha256)
        except (BlobMissing, BlobDamaged) as error:
            raise CalibrationImageNotFound(
                f"No image {sha256!r} is kept: it was not inspected while `commissioning` was on, or too long ago. "
                f"Send it: POST /products/{product_id}/calibration/images"
            ) from error
        return self._checked(Upload(data), 0, self._required(product_id), is_good=True)
