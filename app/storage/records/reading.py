"""Finding records: pages, single ones, those of a part."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, Select, func, select, tuple_

from app.storage.records.database import connected
from app.storage.records.record import InspectionRecord
from app.storage.records.tables import flags, inspections
from app.storage.records.writing import OTHERWISE

STREAMED = 1000
"""Records that are read at once where all of them are."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last record of a page: the next one begins behind it."""

    at_us: int
    number: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: all conditions hold; None: any. `products`: of one of these; `from_us` to before `to_us`;
    `flag`: has it; scores from `least_score` to `most_score`, both included."""

    product_id: str | None = None
    products: frozenset[str] | None = None
    part_id: str | None = None
    station_id: str | None = None
    verdict: str | None = None
    flag: str | None = None
    bank_version: int | None = None
    from_us: int | None = None
    to_us: int | None = None
    least_score: float | None = None
    most_score: float | None = None


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

    def page(self, wanted: Wanted, limit: int, after: Cursor | None = None) -> Page:
        """The newest first, at most `limit`."""
        with connected(self._engine) as connection:
            rows = connection.execute(_query(wanted, after).limit(limit + 1)).mappings().all()
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

    def newest_of_part(self, part_id: str) -> list[InspectionRecord]:
        """The newest inspection of a part by each product, the newest of them first."""
        newest = (inspections.c.at_us.desc(), inspections.c.number.desc())
        place = func.row_number().over(partition_by=inspections.c.product_id, order_by=newest).label("place")
        ranked = select(inspections.c.number, place).where(inspections.c.part_id == part_id).subquery()
        first = select(ranked.c.number).where(ranked.c.place == 1)
        with connected(self._engine) as connection:
            rows = connection.execute(select(inspections).where(inspections.c.number.in_(first)).order_by(*newest))
            return [_record(row) for row in rows.mappings()]


def _query(wanted: Wanted, after: Cursor | None) -> Select[Any]:
    # By the flag's own table where one is asked for: its key has the time in it.
    table = flags if wanted.flag is not None else inspections
    order = (table.c.at_us.desc(), table.c.number.desc())
    query = select(inspections).where(*_conditions(wanted)).order_by(*order)
    if wanted.flag is not None:
        query = query.join(flags, flags.c.number == inspections.c.number).where(flags.c.flag == wanted.flag)
    if after is not None:
        query = query.where(tuple_(table.c.at_us, table.c.number) < (after.at_us, after.number))
    if wanted.from_us is not None:
        query = query.where(table.c.at_us >= wanted.from_us)
    if wanted.to_us is not None:
        query = query.where(table.c.at_us < wanted.to_us)
    return query


def _conditions(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    columns = inspections.c
    equal = {
        columns.product_id: wanted.product_id,
        columns.part_id: wanted.part_id,
        columns.station_id: wanted.station_id,
        columns.verdict: wanted.verdict,
        columns.bank_version: wanted.bank_version,
    }
    found = [column == value for column, value in equal.items() if value is not None]
    if wanted.products is not None:
        found.append(columns.product_id.in_(sorted(wanted.products)))
    if wanted.least_score is not None:
        found.append(columns.score >= wanted.least_score)
    if wanted.most_score is not None:
        found.append(columns.score <= wanted.most_score)
    return found


def _record(row: RowMapping) -> InspectionRecord:
    plain = {each.name: row[each.name] for each in inspections.columns if each.name not in OTHERWISE}
    return InspectionRecord(**plain, flags=tuple(row["flags"].split()), details=json.loads(row["details"]))
