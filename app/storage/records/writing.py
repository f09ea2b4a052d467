"""Putting records into the tables, each once."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.storage.records.record import InspectionRecord
from app.storage.records.tables import flags, inspections


def write_records(engine: Engine, records: Sequence[InspectionRecord]) -> int:
    """Commit records in one transaction, in their order; those that are there already stay as they are. How many were
    new. On return they are durable.

    Raises:
        SQLAlchemyError: none of them was written, or the connection broke at the commit and nobody knows.
    """
    with engine.begin() as connection:
        present = _present(connection, [each.inspection_id for each in records])
        new = {each.inspection_id: each for each in records if each.inspection_id not in present}
        if not new:
            return 0
        insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
        # Another process may be writing the same, from a spool that it has inherited.
        connection.execute(insert(inspections).on_conflict_do_nothing(), [_row(each) for each in new.values()])
        flagged = {each.inspection_id: each for each in new.values() if each.flags}
        numbers = _present(connection, list(flagged))
        rows = [
            {"flag": flag, "at_us": each.at_us, "number": numbers[name]}
            for name, each in flagged.items()
            for flag in each.flags
        ]
        if rows:
            connection.execute(insert(flags).on_conflict_do_nothing(), rows)
        return len(new)


def _present(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Numbers of the inspections that are there, by their ids."""
    if not names:
        return {}
    wanted = select(inspections.c.inspection_id, inspections.c.number).where(inspections.c.inspection_id.in_(names))
    return {row.inspection_id: row.number for row in connection.execute(wanted)}


def _row(record: InspectionRecord) -> dict[str, Any]:
    row = {each.name: getattr(record, each.name) for each in inspections.columns if each.name not in OTHERWISE}
    details = json.dumps(record.details, allow_nan=False, separators=(",", ":"))
    return row | {"flags": " ".join(record.flags), "details": details}


OTHERWISE = ("number", "flags", "details")
