"""A calibration set: what may be in it, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.engine.types import Size
from app.engine.verdict.calibration import fewest_good_images, is_not_ok, smallest_alpha
from app.errors import CalibrationImageNotFound, Conflict, TooManyImages
from app.service.banks.cache import LoadedBank
from app.service.calibration.bank_calibration import Calibration
from app.service.calibration.judgement import Looked, likeness
from app.storage.documents import CalibrationImage, Product

MAX_CALIBRATION_IMAGES = 1000
"""Enough for an alpha of 0.1 %."""

CONFIRM_WITHIN_S = 3600.0
"""How long an image that was inspected while commissioning is kept for somebody to confirm it, at least."""

NAMED = 5
"""Images that are named in a message."""

Images = tuple[CalibrationImage, ...]


@dataclass(frozen=True, slots=True)
class CalibrationView:
    """What sets a product's threshold. `calibration` is None before the first registration; `references` are those of
    the bank version, by SHA-256."""

    product: Product
    bank_version: int | None
    calibration: Calibration | None
    references: frozenset[str] = frozenset()

    @property
    def needed(self) -> int:
        """Good calibration images that the product's alpha needs."""
        return fewest_good_images(self.product.settings.alpha)

    @property
    def good(self) -> int:
        """Good images that set the threshold of this bank version, or will once they are measured in it."""
        return self.product.calibration.counted(self.bank_version)

    @property
    def allowed_alpha(self) -> float | None:
        """The smallest alpha that the good images allow; None without any."""
        return smallest_alpha(self.good) if self.good else None

    @property
    def scores(self) -> dict[int, float]:
        """Image scores by position in `product.calibration.images`."""
        return dict(self.calibration.image_scores) if self.calibration else {}

    @property
    def detection(self) -> tuple[int, int]:
        """Of the bad calibration images: how many lie above the threshold, and how many were measured."""
        images, limit = self.product.calibration.images, self.calibration.limit if self.calibration else None
        bad = [score for position, score in self.scores.items() if not images[position].is_good]
        return sum(is_not_ok(score, limit) for score in bad) if limit is not None else 0, len(bad)

    @property
    def unlike(self) -> list[CalibrationImage]:
        """The images called good that an inspection would say show something else than the references."""
        if self.calibration is None:
            return []
        images = self.product.calibration.images
        return [
            images[position]
            for position, median in self.calibration.image_medians
            if images[position].is_good
            and not all(each.fits for each in likeness(median, _looked(images[position]), self.calibration))
        ]

    @property
    def near_duplicates(self) -> dict[str, str]:
        """The good images that are all but the same as a reference or as a good one before it, and that other one."""
        found: dict[str, str] = {}
        others = set(self.references)
        for image in self.product.calibration.images:
            if image.is_good:
                if there := [other for other in image.near_duplicates if other in others]:
                    found[image.sha256] = there[0]
                others.add(image.sha256)
        return found

    @property
    def problem(self) -> str | None:
        """What keeps the images from setting the threshold, or makes it wrong, and what would help."""
        held_out = self.product.calibration
        if self.calibration is None or not held_out.images:
            return None
        if held_out.bank_version != self.bank_version:
            return f"The images are being measured in bank version {self.bank_version}; ask again in a while."
        if self.calibration.problem and not self.scores:
            return self.calibration.problem
        told = [self.calibration.problem] if self.calibration.problem else []
        if lacking := len(held_out.images) - len(self.scores):
            told.append(f"{_counted(lacking, 'does', 'do')} not count: references of this bank version, or lost.")
        if unlike := self.unlike:
            told.append(
                f"{_counted(len(unlike), 'shows', 'show')} something else than the references, though called good "
                f"({_names(unlike)}). A wrong one makes the threshold too high, and defects pass: look, and remove it."
            )
        same = self.near_duplicates
        if doubled := [image for image in held_out.images if image.sha256 in same]:
            told.append(
                f"{_counted(len(doubled), 'is', 'are')} all but the same as a reference or an image before "
                f"({_names(doubled)}). The same part twice counts as one, and the promise is false: look, remove it."
            )
        return " ".join(told) or None


def _looked(image: CalibrationImage) -> Looked:
    return Looked(image.appearance, Size(image.height, image.width))


def _counted(number: int, one: str, more: str) -> str:
    return f"1 image {one}" if number == 1 else f"{number} images {more}"


def _names(images: Sequence[CalibrationImage]) -> str:
    """Of the first few."""
    told = [image.filename or image.sha256 for image in images[:NAMED]]
    return ", ".join(told) + (" and others" if len(images) > NAMED else "")


def joined(images: Images, more: Sequence[CalibrationImage]) -> Images:
    """With further images; one that is there already keeps its place, and is called what it is called now."""
    called = {image.sha256: image for image in images}
    for image in more:
        called[image.sha256] = replace(called.get(image.sha256, image), is_good=image.is_good)
    return tuple(called.values())


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
