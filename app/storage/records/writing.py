"""Putting records into the tables, each once."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.storage.records.changes.change import Change, ChangeEnd
from app.storage.records.kept import Kept
from app.storage.records.record import InspectionRecord
from app.storage.records.tables import change_ends, changes, flags, inspections

FORGOTTEN = 1000
"""Records that are deleted at once."""


def write_records(engine: Engine, records: Sequence[Kept]) -> int:
    """Commit records in one transaction, in their order; those that are there already stay as they are. How many
    inspections were new. On return they are durable.

    Raises:
        SQLAlchemyError: none of them was written, or the connection broke at the commit and nobody knows.
    """
    with engine.begin() as connection:
        insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
        for table, kind in ((changes, Change), (change_ends, ChangeEnd)):
            if rows := [_change_row(each) for each in records if isinstance(each, kind)]:
                connection.execute(insert(table).on_conflict_do_nothing(), rows)
        return _write_inspections(connection, insert, [each for each in records if isinstance(each, InspectionRecord)])


def _write_inspections(connection: Connection, insert: Callable[..., Any], records: Sequence[InspectionRecord]) -> int:
    if not records:
        return 0
    columns = inspections.c
    added = insert(inspections).on_conflict_do_nothing().returning(columns.inspection_id, columns.number)
    numbers = {row.inspection_id: row.number for row in connection.execute(added, [_row(each) for each in records])}
    by_name = {each.inspection_id: each for each in reversed(records)}
    rows = [_flag_row(flag, number, by_name[name]) for name, number in numbers.items() for flag in by_name[name].flags]
    if rows:
        connection.execute(flags.insert(), rows)
    return len(numbers)


def _change_row(change: Change | ChangeEnd) -> dict[str, Any]:
    """What a product was is JSON in its column, and `null` where there was none."""
    return {name: json.dumps(value) if name in STATES else value for name, value in asdict(change).items()}


STATES = ("before", "after")


def forget_product(engine: Engine, product_id: str) -> None:
    """Delete the records of a product, with their flags, some at a time: others are written meanwhile.

    Raises:
        SQLAlchemyError: some of them may be left.
    """
    number = inspections.c.number
    some = select(number).where(inspections.c.product_id == product_id).limit(FORGOTTEN)
    while True:
        with engine.begin() as connection:
            if not connection.execute(delete(inspections).where(number.in_(some))).rowcount:
                return


def _flag_row(flag: str, number: int, record: InspectionRecord) -> dict[str, Any]:
    sought = [each.name for each in flags.columns if each.name not in ("flag", "number")]
    return {"flag": flag, "number": number} | {name: getattr(record, name) for name in sought}


def reason(error: Exception) -> str:
    """Why the database failed, in one line: the others may hold what callers sent."""
    return str(error).partition("\n")[0]


def _row(record: InspectionRecord) -> dict[str, Any]:
    row = {each.name: getattr(record, each.name) for each in inspections.columns if each.name not in OTHERWISE}
    maps = {name: json.dumps(getattr(record, name), separators=(",", ":")) for name in MAPS}
    return row | maps | {"flags": " ".join(record.flags), "took_ms": record.took_ms}


MAPS = ("metadata", "details")
OTHERWISE = ("number", "flags", "took_ms", *MAPS)
