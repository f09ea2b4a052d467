"""From uploads, and from what was kept while commissioning, to calibration images."""

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Protocol

from app.errors import BlobDamaged, BlobMissing, CalibrationImageNotFound
from app.service.accelerator.backbones import Backbones
from app.service.banks.cache import LoadedBank
from app.service.calibration.calibration_set import Images
from app.service.uploads.checked_upload import Upload, checked_upload
from app.service.uploads.photographs import Photographs
from app.storage.documents import BankManifest, BlobKind, CalibrationImage, Product
from app.storage.store import Blobs


class Confirmed(Protocol):
    """Finds the photograph of an inspection, by its SHA-256, that people have called good, or bad; None: there is
    none, or it is not kept."""

    def __call__(self, product: Product, sha256: str, *, is_good: bool) -> bytes | None: ...


class CalibrationIntake:
    """Looks at images before they are measured."""

    def __init__(
        self, blobs: Blobs, backbones: Backbones, photographs: Photographs, confirmed: Confirmed, max_pixels: int
    ) -> None:
        self._blobs = blobs
        self._backbones = backbones
        self._photographs = photographs
        self._confirmed = confirmed
        self._max_pixels = max_pixels

    def sent(
        self, product_id: str, uploads: Sequence[Upload], loaded: LoadedBank, *, is_good: bool
    ) -> list[CalibrationImage]:
        """The uploads of one request, stored: all of them, or none. InvalidRequest and what is below it."""
        images = [self._checked(each, place, loaded, is_good=is_good) for place, each in enumerate(uploads)]
        for upload in uploads:
            self._blobs.put(product_id, "calibration-images", upload.data)
        return images

    def kept(self, product: Product, sha256: str, loaded: LoadedBank, *, is_good: bool) -> CalibrationImage:
        """An image that was inspected while commissioning, or that people called so since, stored.
        CalibrationImageNotFound where it is not kept (any more)."""
        product_id = product.product_id
        try:
            data = self._blobs.get(product_id, "calibration-images", sha256)
        except (BlobMissing, BlobDamaged) as error:
            found = self._confirmed(product, sha256, is_good=is_good)
            if found is None:
                raise CalibrationImageNotFound(
                    f"No image {sha256!r} is kept: it was not inspected within the last hour while `commissioning` was "
                    "on, and no inspection whose photograph is kept has feedback that calls it so. Send it: POST "
                    f"/products/{product_id}/calibration/images"
                ) from error
            data = found
            self._blobs.put(product_id, "calibration-images", data)
        return self._checked(Upload(data), 0, loaded, is_good=is_good)

    def compared(
        self,
        product_id: str,
        images: Images,
        counted: Container[str],
        manifest: BankManifest,
        known: Container[str],
        served: BankManifest | None,
    ) -> Images:
        """The images of a set; those `counted` in a bank version with what each is all but the same as, among its
        references and the images before it. Those in `known` were compared in the version that `served`, and are only
        with new references. What was found in a version before is kept: it may serve again."""
        before = {entry.sha256 for entry in served.references} if served else set()
        references: dict[str, BlobKind] = {entry.sha256: "references" for entry in manifest.references}
        new: dict[str, BlobKind] = {name: kind for name, kind in references.items() if name not in before}
        others, told = dict(references), []
        for image in images:
            sha256 = image.sha256
            among = new if sha256 in known else others
            if among and sha256 in counted:
                same = self._photographs.same_as(product_id, sha256, among)
                image = replace(image, near_duplicates=tuple(dict.fromkeys((*same, *image.near_duplicates))))
            told.append(image)
            others.setdefault(sha256, "calibration-images")
        return tuple(told)

    def _checked(self, upload: Upload, place: int, loaded: LoadedBank, *, is_good: bool) -> CalibrationImage:
        manifest = loaded.manifest
        checked = checked_upload(
            upload,
            place,
            max_pixels=self._max_pixels,
            preprocessing=manifest.preprocessing,
            patch_size=self._backbones.spec(manifest.backbone).patch_size,
            depth=manifest.preprocessing.bit_depth,
        )
        self._photographs.keep(checked.sha256, checked.photograph)
        return CalibrationImage(is_good=is_good, **checked.facts)
