"""Finding records: pages, single ones, those of a part."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, RowMapping, func, select

from app.storage.records.database import connected
from app.storage.records.finding import Cursor, Wanted, numbers, verdicts
from app.storage.records.record import InspectionRecord, Truth
from app.storage.records.statistics import Counted, Span, counted
from app.storage.records.tables import feedback, inspections
from app.storage.records.writing import MAPS, OTHERWISE

NEWEST = (inspections.c.at_us.desc(), inspections.c.number.desc())

STREAMED = 1000
"""Records that are read at once where all of them are."""


@dataclass(frozen=True, slots=True)
class Page:
    """Records, the newest first; `next`: where the next page begins, None: it was the last one."""

    records: tuple[InspectionRecord, ...]
    next: Cursor | None


class RecordReader:
    """Reads records. Everything raises StorageUnavailable while the database cannot be used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def one(self, inspection_id: str) -> InspectionRecord | None:
        """None where there is none of that id."""
        with connected(self._engine) as connection:
            row = connection.execute(select(inspections).where(inspections.c.inspection_id == inspection_id)).mappings()
            found = row.one_or_none()
            return None if found is None else _record(found)

    def details(self, numbers: Collection[int]) -> dict[int, Mapping[str, Any]]:
        """The details of some records, by their number."""
        query = select(inspections.c.number, inspections.c.details).where(inspections.c.number.in_(sorted(numbers)))
        with connected(self._engine) as connection:
            return {row.number: json.loads(row.details) for row in connection.execute(query)}

    def page(self, wanted: Wanted, limit: int, after: Cursor | None = None) -> Page:
        """The newest first, at most `limit`."""
        with connected(self._engine) as connection:
            found = numbers(connection, wanted, limit + 1, after)
            query = select(inspections).where(inspections.c.number.in_(found)).order_by(*NEWEST)
            rows = connection.execute(query).mappings().all()
        shown = rows[:limit]
        following = Cursor(shown[-1]["at_us"], shown[-1]["number"]) if len(rows) > limit else None
        return Page(tuple(map(_record, shown)), following)

    def every(self, wanted: Wanted) -> Iterator[InspectionRecord]:
        """All of them, the newest first, read as they are taken."""
        after: Cursor | None = None
        while True:
            found = self.page(wanted, STREAMED, after)
            yield from found.records
            if (after := found.next) is None:
                return

    def verdicts(self, wanted: Wanted) -> Mapping[str, int]:
        """How many there are with each verdict."""
        with connected(self._engine) as connection:
            return verdicts(connection, wanted)

    def newest_of_part(self, part_id: str) -> list[InspectionRecord]:
        """The newest inspection of a part by each product, the newest of them first."""
        place = func.row_number().over(partition_by=inspections.c.product_id, order_by=NEWEST).label("place")
        ranked = select(inspections.c.number, place).where(inspections.c.part_id == part_id).subquery()
        first = select(ranked.c.number).where(ranked.c.place == 1)
        with connected(self._engine) as connection:
            rows = connection.execute(select(inspections).where(inspections.c.number.in_(first)).order_by(*NEWEST))
            return [_record(row) for row in rows.mappings()]

    def photographs_called(self, wanted: Wanted, truth: Truth) -> frozenset[str]:
        """SHA-256 of all photographs of a product (`product_id`, `from_us`) that are called so in some inspection."""
        columns = inspections.c
        query = select(columns.sha256).where(columns.product_id == wanted.product_id, columns.truth == truth)
        with connected(self._engine) as connection:
            rows = connection.execute(query.where(columns.at_us >= (wanted.from_us or 0)).distinct())
            return frozenset(rows.scalars())

    def words_on_part(self, part_id: str) -> dict[str, Truth]:
        """What was said last of a part as each product, of whichever of its inspections; by product."""
        joined = feedback.join(inspections, inspections.c.number == feedback.c.number)
        said = select(inspections.c.product_id, feedback.c.truth).select_from(joined)
        with connected(self._engine) as connection:
            rows = connection.execute(said.where(inspections.c.part_id == part_id).order_by(feedback.c.place))
            return {row.product_id: row.truth for row in rows}

    def counted(self, product_id: str, spans: Sequence[Span]) -> list[Counted]:
        """What was inspected of a product, for each of the spans, at one moment for all of them."""
        with connected(self._engine) as connection:
            connection.execution_options(isolation_level="SERIALIZABLE")
            return counted(connection, product_id, spans)


def _record(row: RowMapping) -> InspectionRecord:
    plain = {each.name: row[each.name] for each in inspections.columns if each.name not in OTHERWISE}
    maps = {name: json.loads(row[name]) for name in MAPS}
    return InspectionRecord(**plain, **maps, flags=tuple(row["flags"].split()))
