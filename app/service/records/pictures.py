"""The pictures of what was inspected: the photograph as sent, and heatmaps drawn anew."""

import hashlib
from dataclasses import dataclass, replace

from app.engine.heatmap import Heatmap, HeatmapStyle
from app.engine.patch_map import HeatmapSize, PatchMap
from app.engine.photograph.image_file import decode_image
from app.errors import PictureNotFound
from app.service.records.records import RecordService, wanted_of
from app.storage.documents import Product
from app.storage.pictures.folder import SUFFIXES, PictureName
from app.storage.pictures.pictures import Pictures
from app.storage.records.record import InspectionRecord, Truth

TRUTHS: tuple[Truth, ...] = ("good", "bad")


@dataclass(frozen=True, slots=True)
class KeptPhotograph:
    """A photograph as it was sent; `filename` is the inspection's id with the suffix of its type."""

    data: bytes
    media_type: str
    filename: str


class PictureService:
    """Pictures of single inspections. Callers see those of their products (`products`; None: all).

    Everything raises InspectionNotFound, PictureNotFound (which says why there is none), RecordsOff and
    StorageUnavailable.
    """

    def __init__(self, records: RecordService, pictures: Pictures | None) -> None:
        self._records, self._kept = records, pictures

    def photograph(self, inspection_id: str, products: frozenset[str] | None = None) -> KeptPhotograph:
        record = self._records.one(inspection_id, products)
        return self._photograph(record)

    def of(self, record: InspectionRecord) -> bytes | None:
        """The photograph of an inspection as it was sent; None where it is not kept (any more)."""
        try:
            return self._photograph(record).data
        except PictureNotFound:
            return None

    def confirmed(self, product: Product, sha256: str, *, is_good: bool) -> bytes | None:
        """A photograph of a product, by its SHA-256, that people called so in an inspection; None where they did not,
        or it is not kept (any more). It is no good one where it was called bad in any."""
        if not self._records.are_kept:
            return None
        said: Truth = "good" if is_good else "bad"
        found = {
            truth: self._records.page(replace(wanted_of(product), sha256=sha256, truth=truth), 1, None).records
            for truth in TRUTHS
        }
        if not found[said] or (is_good and found["bad"]):
            return None
        return self.of(found[said][0])

    def heatmap(
        self, inspection_id: str, style: HeatmapStyle, size: HeatmapSize, products: frozenset[str] | None = None
    ) -> Heatmap:
        """As it would have been drawn by the inspection. InvalidRequest: a mask where no regions could be told."""
        record = self._records.one(inspection_id, products)
        photograph = self._photograph(record)
        data = self._pictures(record).patch_map(_name(record))
        try:
            patches = PatchMap.of_png(data or b"")
        except ValueError:
            raise _lost(record) from None
        image = decode_image(photograph.data, record.width * record.height, patches.bit_depth).pixels
        return patches.drawn(image, style, size)

    def _photograph(self, record: InspectionRecord) -> KeptPhotograph:
        name = _name(record)
        data = self._pictures(record).photograph(name)
        if data is None or hashlib.sha256(data).hexdigest() != record.sha256:
            raise _lost(record)
        return KeptPhotograph(data, name.media_type, f"{record.inspection_id}{SUFFIXES[name.media_type]}")

    def _pictures(self, record: InspectionRecord) -> Pictures:
        """Where they are, once the record says that they are to be there."""
        named = f"pictures of the inspection {record.inspection_id}"
        if record.pictures == "none":
            raise PictureNotFound(
                f"No {named} were kept: by the setting keep_pictures of its product, or because the service kept none. "
                "To have them of every further inspection, set keep_pictures to all."
            )
        if record.pictures == "lost":
            raise PictureNotFound(
                f"The {named} could not be written when it was answered, with the flag picture_lost. Look at the disk "
                "of the pictures."
            )
        if self._kept is None:
            raise PictureNotFound(f"The {named} are in a folder that is not set here now: INSPECTOR_PICTURES_DIR.")
        if record.pictures == "removed":
            raise PictureNotFound(f"The {named} were removed: {self._why_removed(self._kept, record)}.")
        return self._kept

    @staticmethod
    def _why_removed(pictures: Pictures, record: InspectionRecord) -> str:
        if pictures.removals().with_product(record.product_id, record.at_us):
            return "they went with their product, which was deleted"
        return "the oldest go first, by INSPECTOR_PICTURES_DAYS and INSPECTOR_PICTURES_BYTES"


def _name(record: InspectionRecord) -> PictureName:
    return PictureName(record.inspection_id, record.product_id, record.at_us, record.media_type or "")


def _lost(record: InspectionRecord) -> PictureNotFound:
    return PictureNotFound(
        f"The pictures of the inspection {record.inspection_id} were kept and are lost: they are not in the folder "
        "where they were written, or damaged. Is INSPECTOR_PICTURES_DIR still that folder, and one for all replicas?"
    )
