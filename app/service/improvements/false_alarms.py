"""Which false alarms that people told may become references, and why the others may not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from app.engine.hygiene import Photograph, same_photographs
from app.errors import InvalidRequest
from app.service.accelerator.pieces import Pieces
from app.service.improvements.document import Added, LeftOut, LeftOutReason
from app.service.records.records import wanted_of
from app.service.references.hygiene import HygieneService, ReferenceFinding
from app.service.references.registration import checked_reference
from app.service.uploads.checked_upload import Upload
from app.service.uploads.photographs import Photographs
from app.storage.documents import BankManifest, Product, ReferenceEntry
from app.storage.records.reading import RecordReader
from app.storage.records.record import InspectionRecord
from app.storage.store import Blobs

MOST_ADDED = 200
"""References that one proposal adds: each makes the bank larger and every inspection slower."""

LOOKED_THROUGH = 2000
"""The newest parts of a product of each verdict that did not pass and were called good."""

PhotographOf = Callable[[InspectionRecord], bytes | None]
"""The photograph of an inspection as it was sent; None where it is not kept."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """New references, whose images are stored, and of which inspection each is; what was left out, and why."""

    entries: tuple[ReferenceEntry, ...]
    added: tuple[Added, ...]
    left_out: tuple[LeftOut, ...]


def false_alarms(reader: RecordReader, product: Product) -> list[InspectionRecord]:
    """Inspections of a product that did not pass, of parts that were called good since: the newest of each photograph,
    the newest first. None of a photograph that was called bad, too."""
    of_product = wanted_of(product)
    rejected = (replace(of_product, truth="good", verdict=verdict) for verdict in ("not_ok", "not_decidable"))
    good = [record for each in rejected for record in reader.page(each, LOOKED_THROUGH).records]
    called_bad = reader.photographs_called(of_product, "bad")
    by_photograph: dict[str, InspectionRecord] = {}
    for record in sorted(good, key=lambda each: -each.at_us):
        if record.sha256 not in called_bad:
            by_photograph.setdefault(record.sha256, record)
    return list(by_photograph.values())


class FalseAlarmIntake:
    """Looks at the photographs of false alarms before they become references."""

    def __init__(
        self,
        blobs: Blobs,
        hygiene: HygieneService,
        photographs: Photographs,
        pieces: Pieces,
        photograph_of: PhotographOf,
        max_pixels: int,
    ) -> None:
        self._blobs = blobs
        self._hygiene = hygiene
        self._photographs = photographs
        self._pieces = pieces
        self._photograph_of = photograph_of
        self._max_pixels = max_pixels

    def chosen(
        self,
        product: Product,
        manifest: BankManifest,
        patch_size: int,
        records: Iterable[InspectionRecord],
        step: Callable[[], None],
    ) -> Chosen:
        """Of false alarms, those that can be references beside those of a bank version. One that is a reference already
        is not told. `step` is called before each, and may raise. StorageFull, StorageUnavailable, Draining."""
        references = [entry.sha256 for entry in manifest.references]
        entries: list[ReferenceEntry] = []
        added: list[Added] = []
        left_out: list[LeftOut] = []
        for record in (each for each in records if each.sha256 not in references):
            step()
            present = [*references, *(each.sha256 for each in entries)]
            if len(entries) == MOST_ADDED:
                told = f"A proposal adds {MOST_ADDED} references at most. Take this one, then ask for another."
                left_out.append(_left_out(record, "too_many", told))
                continue
            found = self._looked_at(product, manifest, patch_size, record, present)
            if isinstance(found, LeftOut):
                left_out.append(found)
                continue
            entry, findings = found
            entries.append(entry)
            added.append(Added(record.inspection_id, record.sha256, findings))
        return Chosen(tuple(entries), tuple(added), tuple(left_out))

    def _looked_at(
        self,
        product: Product,
        manifest: BankManifest,
        patch_size: int,
        record: InspectionRecord,
        present: list[str],
    ) -> tuple[ReferenceEntry, tuple[str, ...]] | LeftOut:
        """The reference, stored, and the kinds of what may be wrong with it."""
        if record.sha256 in {image.sha256 for image in product.calibration.images}:
            return _left_out(record, "calibration_image", "It is a calibration image, which must not be a reference.")
        data = self._photograph_of(record)
        if data is None:
            return _left_out(record, "no_picture", "Its photograph is not kept (any more).")
        check = partial(
            checked_reference,
            max_pixels=self._max_pixels,
            preprocessing=manifest.preprocessing,
            patch_size=patch_size,
        )
        try:
            entry, shown = self._pieces.beside(check, Upload(data, f"inspection {record.inspection_id}"), 0)
        except InvalidRequest as error:
            return _left_out(record, "unreadable", error.message)
        found = self._pieces.beside(self._findings, product.product_id, record.sha256, shown, present)
        same = [each.other for each in found if each.kind == "near_duplicate"]
        if same:
            told = "It is all but the same as a reference, or as one that this proposal adds."
            return LeftOut(record.inspection_id, record.sha256, "near_duplicate", told, same[0])
        if (calibrating := self._pieces.beside(self._same_as_calibrating, product, shown)) is not None:
            told = "It is all but the same as a calibration image, whose score would be too low to calibrate by."
            return LeftOut(record.inspection_id, record.sha256, "near_duplicate", told, calibrating)
        self._photographs.keep(record.sha256, shown)
        self._blobs.put(product.product_id, "references", data)
        return entry, tuple(each.kind for each in found)

    def _findings(
        self, product_id: str, sha256: str, shown: Photograph, present: list[str]
    ) -> tuple[ReferenceFinding, ...]:
        return self._hygiene.of_photographs(product_id, {sha256: shown}, present)[sha256]

    def _same_as_calibrating(self, product: Product, shown: Photograph) -> str | None:
        """The SHA-256 of a calibration image that shows the same."""
        product_id, names = product.product_id, [image.sha256 for image in product.calibration.images]
        measured = {
            name: each for name in names if (each := self._photographs.of(product_id, name, "calibration-images"))
        }
        same = same_photographs(shown, list(measured.values()))
        return list(measured)[same[0].other] if same else None


def _left_out(record: InspectionRecord, reason: LeftOutReason, detail: str) -> LeftOut:
    return LeftOut(record.inspection_id, record.sha256, reason, detail)
