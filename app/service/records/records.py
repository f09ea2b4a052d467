"""Reading what was inspected."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.errors import InspectionNotFound, RecordsOff, StorageUnavailable
from app.storage.records import reading
from app.storage.records.reading import Cursor, Page, Wanted
from app.storage.records.record import InspectionRecord
from app.storage.records.store import Records

Result = TypeVar("Result")
PartVerdict = Literal["ok", "not_ok", "not_decidable", "incomplete"]
WORST_FIRST: tuple[Literal["not_ok", "not_decidable", "ok"], ...] = ("not_ok", "not_decidable", "ok")


@dataclass(frozen=True, slots=True)
class Part:
    """All inspections of a part, the newest first, and what they make of it: `verdict` is the worst of the newest one
    of each product; `missing`: products that it must have and has no inspection of, which make an `ok` `incomplete`."""

    part_id: str
    verdict: PartVerdict
    missing: tuple[str, ...]
    newest: tuple[InspectionRecord, ...]
    inspections: tuple[InspectionRecord, ...]


class RecordService:
    """Pages of inspections, single ones, parts. Callers see those of their products (`products`; None: all)."""

    def __init__(self, records: Records | None) -> None:
        self._records = records

    def page(self, wanted: Wanted, limit: int, after: Cursor | None) -> Page:
        """The newest first. RecordsOff, StorageUnavailable."""
        return self._asked(lambda engine: reading.page(engine, wanted, limit, after))

    def every(self, wanted: Wanted) -> Iterator[InspectionRecord]:
        """All of them, the newest first, read as they are taken. RecordsOff, StorageUnavailable: also later."""
        after: Cursor | None = None
        while True:
            found = self.page(wanted, reading.STREAMED, after)
            yield from found.records
            if (after := found.next) is None:
                return

    def one(self, inspection_id: str, products: frozenset[str] | None = None) -> InspectionRecord:
        """InspectionNotFound, RecordsOff, StorageUnavailable."""
        found = self._asked(lambda engine: reading.record(engine, inspection_id))
        if found is None or (products is not None and found.product_id not in products):
            raise InspectionNotFound(
                f"There is no inspection {inspection_id!r}. Look for it by its product, part or time: GET /inspections"
            )
        return found

    def part(self, part_id: str, required: Sequence[str] = (), products: frozenset[str] | None = None) -> Part:
        """A part over all its products and cameras. InspectionNotFound, RecordsOff, StorageUnavailable."""
        found = self._asked(lambda engine: reading.newest_of_part(engine, part_id, products))
        if not found:
            raise InspectionNotFound(
                f"No inspection names the part {part_id!r}. Parts are known by the `part_id` that is sent with a "
                "photograph."
            )
        newest: dict[str, InspectionRecord] = {}
        for each in found:
            newest.setdefault(each.product_id, each)
        verdicts = {each.verdict for each in newest.values()}
        worst = next(verdict for verdict in WORST_FIRST if verdict in verdicts)
        missing = tuple(sorted(set(required) - set(newest)))
        verdict: PartVerdict = "incomplete" if worst == "ok" and missing else worst
        return Part(part_id, verdict, missing, tuple(newest.values()), tuple(found))

    def _asked(self, question: Callable[[Engine], Result]) -> Result:
        if self._records is None:
            raise RecordsOff("Inspections are not kept on record here. Set INSPECTOR_RECORDS to on and start again.")
        try:
            return question(self._records.engine)
        except SQLAlchemyError as error:
            raise StorageUnavailable(
                "The records cannot be read now. Inspections go on, and their records follow. Try again; if that does "
                "not help, look at their database."
            ) from error
