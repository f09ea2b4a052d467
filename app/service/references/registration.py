"""Registering and deleting references."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from app.engine.hygiene import Photograph
from app.engine.options import Preprocessing
from app.errors import (
    BlobDamaged,
    BlobMissing,
    Conflict,
    ProductDamaged,
    ProductNotFound,
    ReferenceNotFound,
    UnfitReference,
)
from app.service.banks.banks import BankService
from app.service.banks.builder import BankBuilder, References
from app.service.banks.life import same_life
from app.service.banks.masking_policy import MaskingView
from app.service.products.products import ProductService
from app.service.references.hygiene import Findings, HygieneService, ReferenceFinding
from app.service.references.masking import MaskingService
from app.service.uploads.checked_upload import Upload, checked_upload, require_images
from app.service.uploads.photographs import Photographs
from app.storage.documents import BankManifest, ReferenceEntry
from app.storage.store import Blobs, Catalog


@dataclass(frozen=True, slots=True)
class Registered:
    """Outcome of a registration: the bank version that holds every reference sent, which of them were new, and what may
    be wrong with these, by SHA-256."""

    product_id: str
    product_created: bool
    manifest: BankManifest
    received: tuple[str, ...]
    already_present: frozenset[str]
    masking: MaskingView | None
    findings: Mapping[str, tuple[ReferenceFinding, ...]] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)


class RegistrationService:
    """The references of each product. What `add` has returned survives a power cut.

    StorageFull and StorageUnavailable of `add` and `remove` do not mean that nothing has changed: sent again, the
    change is completed.
    """

    def __init__(
        self,
        catalog: Catalog,
        products: ProductService,
        banks: BankService,
        masking: MaskingService,
        hygiene: HygieneService,
        photographs: Photographs,
        blobs: Blobs,
        builder: BankBuilder,
        *,
        max_pixels: int,
        max_images: int,
        auto_create: bool,
    ) -> None:
        self._catalog = catalog
        self._products = products
        self._banks = banks
        self._masking = masking
        self._hygiene = hygiene
        self._photographs = photographs
        self._blobs = blobs
        self._builder = builder
        self._max_pixels = max_pixels
        self._max_images = max_images
        self._auto_create = auto_create

    def add(self, product_id: str, uploads: Sequence[Upload], *, refuse_unfit: bool = False) -> Registered:
        """Register photographs of good parts: all of them, or none where one cannot be read.

        Sending a photograph again changes nothing. Of two registrations at once the slower one starts over
        (`BankBuilder.update`). An unknown product is created with the defaults, if that is set.
        Photographs that seem unfit are registered and said to be, or refused if that is asked for. (One that stands out
        from the others, which may be as good as they are, is never refused.)

        Raises:
            InvalidRequest and what is below it: nothing, too much or something unreadable was sent; the message names
                the image.
            UnfitReference; Conflict: one calibrates the product.
            ProductNotFound, BankDamaged, StorageFull, StorageUnavailable.
        """
        started = time.perf_counter()
        require_images(uploads, self._max_images)
        preprocessing, patch_size = self._products.preprocessing(product_id)
        check = partial(
            checked_reference, max_pixels=self._max_pixels, preprocessing=preprocessing, patch_size=patch_size
        )
        checked = [check(each, place) for place, each in enumerate(uploads)]
        sent = {entry.sha256: entry for entry, _ in checked}
        self._require_not_held_out(product_id, list(sent.values()))
        findings = self._findings(product_id, dict(checked), refuse=refuse_unfit)
        decoded = time.perf_counter()
        created = self._products.ensure(product_id, create=self._auto_create)
        with same_life(self._catalog, product_id):
            for upload in uploads:
                self._blobs.put(product_id, "references", upload.data)
            manifest = self._publish(product_id, sent)
        done = time.perf_counter()
        return Registered(
            product_id=product_id,
            product_created=created,
            manifest=manifest,
            received=tuple(sent),
            already_present=frozenset(
                entry.sha256
                for entry in manifest.references
                if entry.sha256 in sent and entry.added_at != sent[entry.sha256].added_at
            ),
            masking=self._masking.view(product_id),
            findings=self._with_outliers(product_id, manifest, findings),
            timings_ms={"decode": 1000 * (decoded - started), "total": 1000 * (done - started)},
        )

    def entries(self, product_id: str) -> References:
        """The references of the bank that serves. ProductNotFound, BankDamaged."""
        return self._present(product_id)

    def entry(self, product_id: str, sha256: str) -> ReferenceEntry:
        """One reference. ProductNotFound, ReferenceNotFound."""
        for entry in self._present(product_id):
            if entry.sha256 == sha256:
                return entry
        raise ReferenceNotFound(
            f"Product {product_id!r} has no reference {sha256!r}. List them: GET /products/{product_id}/references"
        )

    def image(self, product_id: str, sha256: str) -> tuple[bytes, str]:
        """A reference image as it was uploaded, and its media type. ProductNotFound, ReferenceNotFound."""
        entry = self.entry(product_id, sha256)
        try:
            return self._blobs.get(product_id, "references", sha256), entry.media_type
        except (BlobMissing, BlobDamaged) as error:
            raise ReferenceNotFound(
                f"The image of reference {sha256!r} is lost. Register that photograph again."
            ) from error

    def remove(self, product_id: str, sha256: str) -> BankManifest:
        """Delete a reference: a new version without it serves from now on; older versions keep it for a rollback.

        Raises:
            ProductNotFound, ReferenceNotFound, BankDamaged.
        """
        try:
            self.entry(product_id, sha256)
        except ReferenceNotFound:
            # That it is gone must be as safe as the answer of whoever deleted it.
            self._catalog.secure(product_id)
            raise
        return self._builder.update(
            product_id, "delete", lambda references: tuple(each for each in references if each.sha256 != sha256)
        )

    def _present(self, product_id: str) -> References:
        active = self._banks.active(product_id)
        return active.references if active else ()

    def _publish(self, product_id: str, sent: dict[str, ReferenceEntry]) -> BankManifest:
        active = self._banks.active(product_id)
        if active and set(sent) <= {entry.sha256 for entry in active.references}:
            # Whoever registered them may have failed before that was safe, and this answer says that it is.
            self._catalog.secure(product_id)
            return active
        return self._builder.update(product_id, "register", lambda references: joined_references(references, sent))

    def _require_not_held_out(self, product_id: str, sent: Sequence[ReferenceEntry]) -> None:
        """Conflict where an image is among those that calibrate: its score would be too low to calibrate by."""
        try:
            held_out = {image.sha256 for image in self._catalog.product(product_id).calibration.images}
        except (ProductNotFound, ProductDamaged):
            return
        for entry in sent:
            if entry.sha256 in held_out:
                raise Conflict(
                    f"{entry.filename or entry.sha256} is a calibration image, which must not be a reference. Register "
                    f"another one, or take it out: DELETE /products/{product_id}/calibration/images/{entry.sha256}"
                )

    def _findings(self, product_id: str, photographs: Mapping[ReferenceEntry, Photograph], *, refuse: bool) -> Findings:
        """What is wrong with the new photographs as such. UnfitReference where that is to be refused."""
        try:
            present = [entry.sha256 for entry in self._present(product_id)]
        except (ProductNotFound, ProductDamaged):
            present = []
        new = {entry.sha256: each for entry, each in photographs.items() if entry.sha256 not in present}
        found = self._hygiene.of_photographs(product_id, new, present)
        names = {entry.sha256: entry.filename or entry.sha256 for entry in photographs}
        unfit = [
            f"{names[sha256]}: {each.message}"
            for sha256, all_of_it in found.items()
            for each in all_of_it
            if each.kind != "bit_depth"
        ]
        if refuse and unfit:
            raise UnfitReference(" ".join(unfit) + " Nothing was registered.")
        for sha256, measured in new.items():
            self._photographs.keep(sha256, measured)
        return found

    def _with_outliers(self, product_id: str, manifest: BankManifest, found: Findings) -> Findings:
        accused, _ = self._hygiene.outliers(self._catalog.product(product_id), manifest)
        return {sha256: (*own, *accused.get(sha256, ())) for sha256, own in found.items()}


def checked_reference(
    upload: Upload, place: int, *, max_pixels: int, preprocessing: Preprocessing, patch_size: int
) -> tuple[ReferenceEntry, Photograph]:
    """An upload as a reference of which no segment is made yet, and what it shows. Raises as `checked_upload`."""
    checked = checked_upload(upload, place, max_pixels=max_pixels, preprocessing=preprocessing, patch_size=patch_size)
    return ReferenceEntry(segment="", rows=0, foreground_fractions=(), **checked.facts), checked.photograph


def joined_references(references: References, sent: Mapping[str, ReferenceEntry]) -> References:
    """The references, and behind them those of the sent ones (by SHA-256) that are not among them."""
    present = {each.sha256 for each in references}
    return references + tuple(entry for sha256, entry in sent.items() if sha256 not in present)
