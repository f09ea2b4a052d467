"""Finding changes."""

import json
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Engine, RowMapping, select, tuple_

from app.storage.records.changes.change import Change, ChangeEnd
from app.storage.records.database import connected
from app.storage.records.finding import Cursor
from app.storage.records.tables import change_ends, changes
from app.storage.records.writing import STATES


@dataclass(frozen=True, slots=True)
class WantedChanges:
    """Which changes: all conditions hold; None: any. `products`: of one of these; `from_us` to before `to_us`."""

    product_id: str | None = None
    products: frozenset[str] | None = None
    action: str | None = None
    from_us: int | None = None
    to_us: int | None = None


@dataclass(frozen=True, slots=True)
class KeptChange:
    """A change, and how it ended; None: it is being made, or the process ended meanwhile and nobody knows."""

    asked: Change
    end: ChangeEnd | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changes, the newest first; `next`: where the next page begins, None: it was the last one."""

    changes: tuple[KeptChange, ...]
    next: Cursor | None


class ChangeReader:
    """Reads changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, wanted: WantedChanges, limit: int, after: Cursor | None = None) -> ChangePage:
        """The newest first, at most `limit`. StorageUnavailable while the database cannot be used."""
        columns = changes.c
        ends = [each.label(f"end_{each.name}") for each in change_ends.columns]
        query = select(*columns, *ends).outerjoin(change_ends, change_ends.c.change_id == columns.change_id)
        if wanted.product_id is not None:
            query = query.where(columns.product_id == wanted.product_id)
        if wanted.products is not None:
            query = query.where(columns.product_id.in_(sorted(wanted.products)))
        if wanted.action is not None:
            query = query.where(columns.action == wanted.action)
        if wanted.from_us is not None:
            query = query.where(columns.at_us >= wanted.from_us)
        if wanted.to_us is not None:
            query = query.where(columns.at_us < wanted.to_us)
        if after is not None:
            query = query.where(tuple_(columns.at_us, columns.number) < (after.at_us, after.number))
        query = query.order_by(columns.at_us.desc(), columns.number.desc()).limit(limit + 1)
        with connected(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        shown = rows[:limit]
        following = Cursor(shown[-1]["at_us"], shown[-1]["number"]) if len(rows) > limit else None
        return ChangePage(tuple(map(_change, shown)), following)


def _change(row: RowMapping) -> KeptChange:
    asked = Change(**{each.name: _value(each.name, row[each.name]) for each in fields(Change)})
    if row["end_change_id"] is None:
        return KeptChange(asked, None)
    return KeptChange(
        asked, ChangeEnd(**{each.name: _value(each.name, row[f"end_{each.name}"]) for each in fields(ChangeEnd)})
    )


def _value(name: str, stored: Any) -> Any:
    return json.loads(stored) if name in STATES else stored
