"""Reading what was inspected."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from app.errors import InspectionNotFound, RecordsOff
from app.service.records.spans import Span
from app.storage.documents import Product
from app.storage.pictures.folder import NOTHING_REMOVED
from app.storage.pictures.pictures import Pictures
from app.storage.records.finding import Cursor, Wanted
from app.storage.records.reading import Page
from app.storage.records.record import InspectionRecord, Truth, microseconds
from app.storage.records.statistics import Counted
from app.storage.records.store import Records

PartVerdict = Literal["ok", "not_ok", "not_decidable", "incomplete"]
WORST_FIRST: tuple[Literal["not_ok", "not_decidable", "ok"], ...] = ("not_ok", "not_decidable", "ok")

LISTED = 1000
"""Inspections of a part that are told with it; all of them are among the pages."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the inspections of a part make of it: `verdict` is the worst of the `newest` one of each product.

    An `ok` is `incomplete` where something may speak against it that is not seen here: a product is `missing` that it
    must have, it was inspected by so many `hidden` products that the caller may not see, or records are `waiting` that
    this process could not write yet, or lost. `inspections`: its newest ones, `LISTED` at most.

    What people say of it (`truth`) never releases a part: `bad` where the newest inspection of a product that somebody
    has judged was called bad, and then an `ok` is `not_ok`; `good` where every newest one was called good, and a
    `not_ok` stays.
    """

    part_id: str
    verdict: PartVerdict
    truth: Truth | None
    missing: tuple[str, ...]
    hidden: int
    waiting: bool
    newest: tuple[InspectionRecord, ...]
    inspections: tuple[InspectionRecord, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What was inspected of a product: the `whole` time, and each of its `spans`. `waiting`: as of a part."""

    product_id: str
    waiting: bool
    whole: tuple[Span, Counted]
    spans: tuple[tuple[Span, Counted], ...]


class RecordService:
    """Pages of inspections, single ones, parts. Callers see those of their products (`products`; None: all).

    Everything raises RecordsOff where inspections are not kept, and StorageUnavailable.
    """

    def __init__(self, records: Records | None, pictures: Pictures | None = None) -> None:
        """`pictures`: which are still kept, as each record then tells."""
        self._kept, self._pictures = records, pictures

    @property
    def are_kept(self) -> bool:
        """Whether there are records at all."""
        return self._kept is not None

    def page(self, wanted: Wanted, limit: int, after: Cursor | None) -> Page:
        """The newest first."""
        page = self._records.reader.page(wanted, limit, after)
        return replace(page, records=tuple(map(self._as_now(), page.records)))

    def every(self, wanted: Wanted) -> Iterator[InspectionRecord]:
        """All of them, the newest first, read as they are taken."""
        return map(self._as_now(), self._records.reader.every(wanted))

    def verdicts(self, wanted: Wanted) -> Mapping[str, int]:
        """How many there are with each verdict."""
        return self._records.reader.verdicts(wanted)

    def one(self, inspection_id: str, products: frozenset[str] | None = None) -> InspectionRecord:
        """InspectionNotFound."""
        found = self._records.reader.one(inspection_id)
        if found is None or not may_see(products, found):
            raise inspection_not_found(inspection_id)
        return self._as_now()(found)

    def part(self, part_id: str, required: Sequence[str] = (), products: frozenset[str] | None = None) -> Part:
        """A part over all its products and cameras. InspectionNotFound."""
        reader, waiting = self._records.reader, not self._records.writer.state.all_written
        of_all = reader.newest_of_part(part_id)
        as_now = self._as_now()
        newest = [as_now(each) for each in of_all if may_see(products, each)]
        if not newest:
            raise InspectionNotFound(
                f"No inspection names the part {part_id!r}. Parts are known by the `part_id` that is sent with a "
                "photograph."
            )
        hidden, verdicts = len(of_all) - len(newest), {each.verdict for each in newest}
        missing = tuple(sorted(set(required) - {each.product_id for each in of_all}))
        verdict: PartVerdict = next(each for each in WORST_FIRST if each in verdicts)
        words = {
            name: word for name, word in reader.words_on_part(part_id).items() if products is None or name in products
        }
        truth = _truth(newest, words)
        if verdict == "ok" and truth == "bad":
            verdict = "not_ok"
        if verdict == "ok" and (missing or hidden or waiting):
            verdict = "incomplete"
        listed = reader.page(Wanted(part_id=part_id, products=products), LISTED).records
        return Part(part_id, verdict, truth, missing, hidden, waiting, tuple(newest), tuple(map(as_now, listed)))

    def _as_now(self) -> Callable[[InspectionRecord], InspectionRecord]:
        """Makes of a record as it was written one that tells whether its pictures were removed since."""
        removals = self._pictures.removals() if self._pictures else NOTHING_REMOVED

        def told(record: InspectionRecord) -> InspectionRecord:
            gone = record.pictures == "kept" and removals.include(record.product_id, record.at_us)
            return replace(record, pictures="removed") if gone else record

        return told

    def statistics(self, product_id: str, whole: Span, spans: Sequence[Span]) -> Statistics:
        """`spans`: parts of the whole."""
        waiting = not self._records.writer.state.all_written
        every = [whole, *spans]
        limits = [(microseconds(each.begins), microseconds(each.ends)) for each in every]
        first, *others = zip(every, self._records.reader.counted(product_id, limits), strict=True)
        return Statistics(product_id, waiting, first, tuple(others))

    @property
    def _records(self) -> Records:
        return kept_records(self._kept)


def kept_records(records: Records | None) -> Records:
    """RecordsOff where inspections are not kept on record."""
    if records is None:
        raise RecordsOff("Inspections are not kept on record here. Set INSPECTOR_RECORDS to on and start again.")
    return records


def inspection_not_found(inspection_id: str) -> InspectionNotFound:
    return InspectionNotFound(
        f"There is no inspection {inspection_id!r}. Look for it by its product, part or time: GET /inspections"
    )


def may_see(products: frozenset[str] | None, record: InspectionRecord) -> bool:
    return products is None or record.product_id in products


def _truth(newest: Sequence[InspectionRecord], words: Mapping[str, Truth]) -> Truth | None:
    """Of a part, by its newest inspection of each product, and the newest word on it as each product."""
    if "bad" in words.values():
        return "bad"
    return "good" if all(each.truth == "good" for each in newest) else None


def wanted_of(product: Product) -> Wanted:
    """All inspections of a product, but of none that had its id before."""
    return Wanted(product_id=product.product_id, from_us=microseconds(datetime.fromisoformat(product.created_at)))
