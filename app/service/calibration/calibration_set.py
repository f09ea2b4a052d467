"""A calibration set: what may be in it, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.engine.verdict.calibration import fewest_good_images, smallest_alpha
from app.engine.verdict.detection import Detection
from app.errors import CalibrationImageNotFound, Conflict, TooManyImages
from app.service.banks.cache import LoadedBank
from app.service.calibration.sessions import Sessions, sessions
from app.service.verdicts.bank_calibration import Calibration, ImageKnowledge
from app.storage.documents import BankManifest, CalibrationImage, CalibrationSet, CalibrationTable, Product

MAX_CALIBRATION_IMAGES = 1000
"""Enough for an alpha of 0.1 %."""

CONFIRM_WITHIN_S = 3600.0
"""How long an image that was inspected while commissioning is kept for somebody to confirm it, at least."""

Images = tuple[CalibrationImage, ...]


@dataclass(frozen=True, slots=True)
class CalibrationView:
    """What sets a product's threshold. `manifest` and `calibration`, of the version that serves, are None before the
    first registration."""

    product: Product
    manifest: BankManifest | None
    calibration: Calibration | None

    @property
    def bank_version(self) -> int | None:
        return self.manifest.version if self.manifest else None

    @property
    def measured_in(self) -> int | None:
        """The version that serves, if images were measured in it; else one that an earlier release measured them in."""
        measured = self.manifest and self.product.calibration.table_of(self.manifest)
        return self.bank_version if measured else self.product.calibration.bank_version

    @property
    def needed(self) -> int:
        """Good calibration images that the product's alpha needs."""
        return fewest_good_images(self.product.settings.alpha)

    @property
    def good(self) -> int:
        """Good images that set the threshold of this bank version, or will once they are measured in it."""
        return self.calibration.counted if self.calibration else self.product.calibration.good

    @property
    def allowed_alpha(self) -> float | None:
        """The smallest alpha that the good images allow; None without any."""
        return smallest_alpha(self.good) if self.good else None

    @property
    def images(self) -> Mapping[str, ImageKnowledge]:
        """What is known of the images that were measured, by SHA-256."""
        return self.calibration.images if self.calibration else {}

    @property
    def detection(self) -> Detection:
        return self.calibration.detection if self.calibration else Detection(0, 0, 0)

    @property
    def sessions(self) -> Sessions:
        return sessions(self.product.calibration, self.calibration, self.product.settings.alpha)

    @property
    def near_duplicates(self) -> dict[str, str]:
        """The good images that are all but the same as a reference or as a good one before it, and that other one."""
        found: dict[str, str] = {}
        others = {entry.sha256 for entry in self.manifest.references} if self.manifest else set()
        for image in self.product.calibration.images:
            if image.is_good:
                if there := [other for other in image.near_duplicates if other in others]:
                    found[image.sha256] = there[0]
                others.add(image.sha256)
        return found


def joined(images: Images, more: Sequence[CalibrationImage]) -> Images:
    """With further images; one that is there already keeps its place, and is called what it is called now."""
    called = {image.sha256: image for image in images}
    for image in more:
        called[image.sha256] = replace(called.get(image.sha256, image), is_good=image.is_good)
    return tuple(called.values())


def with_table(tables: Sequence[CalibrationTable], images: Images, table: CalibrationTable) -> CalibrationSet:
    """A set with these images and tables, and this one in place of another one of the same bank."""
    if table in tables:
        return CalibrationSet(images, tuple(tables))
    return CalibrationSet(images, (*(each for each in tables if each.bank != table.bank), table))


def lacks_rows(held_out: CalibrationSet, manifest: BankManifest) -> bool:
    """Whether an image that is no reference of a bank version was not measured in it."""
    references, table = {entry.sha256 for entry in manifest.references}, held_out.table_of(manifest)
    return table is None or table.rows < sum(image.sha256 not in references for image in held_out.images)


def require_room(images: Images) -> None:
    if len(images) > MAX_CALIBRATION_IMAGES:
        raise TooManyImages(
            f"A calibration set has at most {MAX_CALIBRATION_IMAGES} images. Remove some first.",
            limit=MAX_CALIBRATION_IMAGES,
        )


def require_no_references(images: Sequence[CalibrationImage], loaded: LoadedBank) -> None:
    references = {entry.sha256 for entry in loaded.manifest.references}
    for image in images:
        if image.sha256 in references:
            raise Conflict(
                f"Image {image.filename or image.sha256} is a reference: its score would be too low to calibrate by. "
                "Send photographs that are not registered."
            )


def not_found(product_id: str, sha256: str) -> CalibrationImageNotFound:
    return CalibrationImageNotFound(
        f"Product {product_id!r} has no calibration image {sha256!r}. List them: GET /products/{product_id}/calibration"
    )
