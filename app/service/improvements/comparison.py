"""What would change if a proposed bank version served: what was inspected is inspected again, in both versions."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from app.engine.verdict.calibration import is_not_ok
from app.engine.verdict.detection import Detection
from app.errors import InvalidRequest
from app.service.improvements.document import Flip, Side
from app.service.improvements.false_alarms import PhotographOf
from app.service.inspection.again import KnownBank, Reinspection
from app.service.records.records import wanted_of
from app.service.verdicts.verdict import Judgement
from app.storage.documents import Product
from app.storage.records.reading import RecordReader
from app.storage.records.record import InspectionRecord, Truth

NEWEST = 500
"""Inspections of each verdict, and of those called good, that are inspected again, beside all that were called bad."""

MOST_TELLING_FIRST = (("not_ok", "ok"), ("not_decidable", "ok"), ("ok", "not_ok"), ("ok", "not_decidable"))
BAD_FIRST: tuple[Truth | None, ...] = ("bad", None, "good")


@dataclass(frozen=True, slots=True)
class Compared:
    """What two versions make of the same photographs. The first of each pair: the version that serves."""

    sides: tuple[Side, Side]
    photographs: int
    inspections: int
    without_picture: int
    flips: tuple[Flip, ...]
    called_bad: tuple[str, ...]
    bad_images_passing: tuple[str, ...]


def conditions(product: Product) -> str:
    """A digest of all but the bank that verdicts on a product depend on: its settings, its calibration images, and that
    it is this product."""
    images = sorted((image.sha256, image.is_good) for image in product.calibration.images)
    told = json.dumps([product.created_at, asdict(product.settings), images], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def past_inspections(reader: RecordReader, product: Product) -> list[InspectionRecord]:
    """The newest of each verdict, the newest that were called good, and all that were called bad, each once."""
    of_product = wanted_of(product)
    wanted = [replace(of_product, verdict=verdict) for verdict in ("not_ok", "not_decidable", "ok")]
    found = [
        record for each in (*wanted, replace(of_product, truth="good")) for record in reader.page(each, NEWEST).records
    ]
    found += reader.every(replace(of_product, truth="bad"))
    return list({record.inspection_id: record for record in found}.values())


class Comparison:
    """Inspects again what was inspected."""

    def __init__(self, reinspection: Reinspection, photograph_of: PhotographOf) -> None:
        self._reinspection = reinspection
        self._photograph_of = photograph_of

    def of(
        self,
        product: Product,
        banks: tuple[KnownBank, KnownBank],
        records: Sequence[InspectionRecord],
        step: Callable[[], None],
    ) -> Compared:
        """Of inspections of a product, in the version that serves and in a proposed one. `step` is called before each
        record, and may raise. Draining, GpuOutOfMemory, NotReady, StorageUnavailable."""
        judged: dict[str, list[tuple[float, Judgement]] | None] = {}
        for record in records:
            step()
            if judged.get(record.sha256) is None:
                judged[record.sha256] = self._judged(product, banks, record)
        seen = {name: each for name, each in judged.items() if each}
        shown = [record for record in records if record.sha256 in seen]
        before, after = ({entry.sha256 for entry in each.loaded.manifest.references} for each in banks)
        flips = [_flip(record, seen[record.sha256], record.sha256 in after - before) for record in shown]
        return Compared(
            sides=(
                _side(banks[0], _detection(product, shown, {name: each[0][1] for name, each in seen.items()})),
                _side(banks[1], _detection(product, shown, {name: each[1][1] for name, each in seen.items()})),
            ),
            photographs=len(seen),
            inspections=len(shown),
            without_picture=len(records) - len(shown),
            flips=tuple(sorted((each for each in flips if each.before != each.after), key=_most_telling)),
            called_bad=tuple(sorted({record.sha256 for record in records if record.truth == "bad"})),
            bad_images_passing=tuple(
                image.sha256
                for image in product.calibration.images
                if not image.is_good and _passes(image.sha256, banks[1]) and not _passes(image.sha256, banks[0])
            ),
        )

    def _judged(
        self, product: Product, banks: tuple[KnownBank, KnownBank], record: InspectionRecord
    ) -> list[tuple[float, Judgement]] | None:
        """None where the photograph is not kept, or cannot be read any more."""
        data = self._photograph_of(record)
        if data is None:
            return None
        try:
            return self._reinspection.judged(data, product, banks)
        except InvalidRequest:
            return None


def _flip(record: InspectionRecord, judged: Sequence[tuple[float, Judgement]], is_added: bool) -> Flip:
    (score_before, before), (score_after, after) = judged
    return Flip(
        inspection_id=record.inspection_id,
        sha256=record.sha256,
        part_id=record.part_id,
        at_us=record.at_us,
        truth=record.truth,
        before=before.verdict,
        after=after.verdict,
        score_before=_finite(score_before),
        score_after=_finite(score_after),
        is_added=is_added,
    )


def _most_telling(flip: Flip) -> tuple[int, int, int]:
    """By what changes, by what people said, then the newest first."""
    change = (flip.before, flip.after)
    place = MOST_TELLING_FIRST.index(change) if change in MOST_TELLING_FIRST else len(MOST_TELLING_FIRST)
    return place, BAD_FIRST.index(flip.truth), -flip.at_us


def _passes(sha256: str, bank: KnownBank) -> bool:
    """Whether a calibration image would be ok; one that was not measured may be."""
    known, limit = bank.known.images.get(sha256), bank.known.limit
    if known is None:
        return True
    return not known.undecidable and limit is not None and not is_not_ok(known.score, limit)


def _detection(product: Product, records: Sequence[InspectionRecord], judged: dict[str, Judgement]) -> Detection:
    """Of the photographs that people called bad; those of the calibration set are counted with it."""
    calibrating = {image.sha256 for image in product.calibration.images}
    bad = {record.sha256 for record in records if record.truth == "bad"} - calibrating
    verdicts = [judged[sha256].verdict for sha256 in bad]
    return Detection(verdicts.count("not_ok"), verdicts.count("not_decidable"), len(bad))


def _side(bank: KnownBank, called_bad: Detection) -> Side:
    known, calibrating = bank.known, bank.known.detection
    return Side(
        threshold=known.limit,
        state=known.state,
        source=known.source,
        promise=None if known.manual else known.threshold,
        detection=Detection(
            calibrating.found + called_bad.found,
            calibrating.undecidable + called_bad.undecidable,
            calibrating.bad + called_bad.bad,
            # People look at rejected parts: bad ones that were found are among them far more often than others.
            selected=calibrating.selected or called_bad.bad > 0,
        ),
    )


def _finite(score: float) -> float | None:
    return score if math.isfinite(score) else None
