"""Which records are asked for, and the way to them that looks at few others, however many there are.

A way goes by one of the conditions, through an index that has what fulfils it in the order of time. A condition that
holds for few records leads. All indexes but that of the parts have in them whatever can be asked for: what is not
wanted is passed over there, without a look at the record itself.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, Table, func, literal, select, true, tuple_, union_all

from app.storage.records.record import Truth
from app.storage.records.tables import flags, inspections

FEW = 15_000
"""So many are counted and gone through in a hundredth of a second."""

MOST_PRODUCTS = 20
"""Of more of them, records are taken from those of all products."""

INDEXES = {"part_id": "part", "station_id": "station", "bank_version": "bank", "verdict": "verdict"}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last record of a page: the next one begins behind it."""

    at_us: int
    number: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: all conditions hold; None: any. `products`: of one of these; `from_us` to before `to_us`;
    `flag`: has it; `truth`: as the newest feedback says, `none` without any; scores from `least_score` to `most_score`,
    both included; `sha256`: of the photograph."""

    product_id: str | None = None
    products: frozenset[str] | None = None
    part_id: str | None = None
    station_id: str | None = None
    verdict: str | None = None
    flag: str | None = None
    truth: Truth | Literal["none"] | None = None
    sha256: str | None = None
    bank_version: int | None = None
    from_us: int | None = None
    to_us: int | None = None
    least_score: float | None = None
    most_score: float | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """To the records that fulfil `condition`, by an `index` of the `table`; `in_time`: it has them in the order of
    time."""

    condition: ColumnElement[bool]
    index: str
    table: Table = inspections
    in_time: bool = True

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """SQLite, which does not know how many records fulfil what, is told the index."""
        hint = f"INDEXED BY {self.index}"
        return select(*columns).select_from(self.table).where(self.condition).with_hint(self.table, hint, "sqlite")


def numbers(connection: Connection, wanted: Wanted, limit: int, after: Cursor | None) -> list[int]:
    """`number` of the records, the newest first, at most `limit`."""
    ways = _ways(connection, wanted)
    if not ways:
        return []
    some = [_by(way, wanted, after).limit(limit) for way in ways]
    query = some[0] if len(some) == 1 else _merged(some).limit(limit)
    return [row.number for row in connection.execute(query)]


def verdicts(connection: Connection, wanted: Wanted) -> Counter[str]:
    """How many records there are with each verdict; it has none that no record has."""
    found = Counter[str]()
    for way in _ways(connection, wanted):
        verdict = way.table.c.verdict
        query = way.select(verdict, func.count()).where(*_times(way, wanted), *_conditions(way, wanted))
        found.update({row[0]: row[1] for row in connection.execute(query.group_by(verdict))})
    return found


def _merged(some: list[Select[Any]]) -> Select[Any]:
    merged = union_all(*(each.subquery().select() for each in some)).subquery()
    return select(merged.c.number, merged.c.at_us).order_by(merged.c.at_us.desc(), merged.c.number.desc())


def _by(way: Way, wanted: Wanted, after: Cursor | None) -> Select[Any]:
    table = way.table.c
    query = way.select(table.number, table.at_us).where(*_times(way, wanted, after), *_conditions(way, wanted))
    # To an index in another order none is preferred for its order.
    return query.order_by((table.at_us if way.in_time else table.at_us + 0).desc(), table.number.desc())


def _ways(connection: Connection, wanted: Wanted) -> list[Way]:
    """One, or one for each product; together they lead to all that is wanted."""
    named, products = dict(_named(wanted)), _products(wanted)
    if "part_id" in named:
        return [named["part_id"]]
    if "truth" in named:  # of few parts anybody says anything
        return [named["truth"]]
    if len(named) + (products is not None) > 1 or "score" in named:
        rarest = _rarest(connection, named, wanted)
        if rarest is not None:
            return [rarest]
    if "station_id" in named:
        return [named["station_id"]]
    if products is not None and len(products) <= MOST_PRODUCTS:
        return [Way(inspections.c.product_id == each, "inspections_product_at") for each in sorted(products)]
    common = [named[name] for name in ("bank_version", "flag", "verdict") if name in named]
    return common[:1] or [Way(true(), "inspections_at")]


def _named(wanted: Wanted) -> Iterator[tuple[str, Way]]:
    """What can lead, but for products."""
    for name, index in INDEXES.items():
        if (value := getattr(wanted, name)) is not None:
            yield name, Way(inspections.c[name] == value, f"inspections_{index}_at")
    if wanted.truth not in (None, "none"):
        yield "truth", Way(inspections.c.truth == wanted.truth, "inspections_truth_at")
    if wanted.flag is not None:
        yield "flag", Way(flags.c.flag == wanted.flag, "inspection_flags_at", flags)
    if wanted.least_score is not None or wanted.most_score is not None:
        yield "score", Way(_scores(inspections, wanted), "inspections_score", in_time=False)


def _products(wanted: Wanted) -> frozenset[str] | None:
    if wanted.product_id is None:
        return wanted.products
    one = frozenset({wanted.product_id})
    return one if wanted.products is None else one & wanted.products


def _rarest(connection: Connection, named: dict[str, Way], wanted: Wanted) -> Way | None:
    """The way that the fewest records are on; None: there are `FEW` on each, or more."""
    ways = [*named.values()]
    some = (way.select(literal(1)).where(*_countable(way, wanted)).limit(FEW).subquery() for way in ways)
    count = select(*(select(func.count()).select_from(each).scalar_subquery() for each in some))
    counts = [*connection.execute(count).one()]
    fewest = min(range(len(ways)), key=counts.__getitem__)
    return ways[fewest] if counts[fewest] < FEW else None


def _countable(way: Way, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    # Of what is in another order, all would have to be looked at to count those of a time.
    return _times(way, wanted) if way.in_time else iter(())


def _times(way: Way, wanted: Wanted, after: Cursor | None = None) -> Iterator[ColumnElement[bool]]:
    table = way.table.c
    if wanted.from_us is not None:
        yield table.at_us >= wanted.from_us
    # One upper limit: SQLite begins at the first one that it is told.
    if after is not None and (wanted.to_us is None or after.at_us < wanted.to_us):
        yield tuple_(table.at_us, table.number) < (after.at_us, after.number)
    elif wanted.to_us is not None:
        yield table.at_us < wanted.to_us


def _conditions(way: Way, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    table = way.table.c
    for name in INDEXES:
        if (value := getattr(wanted, name)) is not None:
            yield table[name] == value
    if (products := _products(wanted)) is not None:
        yield table.product_id.in_(sorted(products))
    if wanted.flag is not None and way.table is not flags:
        yield table.flags.contains(wanted.flag)  # no flag is part of another one
    truth = inspections.c.truth
    if wanted.truth is not None:
        yield _of_record(way, truth.is_(None) if wanted.truth == "none" else truth == wanted.truth)
    if wanted.sha256 is not None:
        yield _of_record(way, inspections.c.sha256 == wanted.sha256)
    yield _scores(way.table, wanted)


def _of_record(way: Way, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition on what the record itself has, and no index."""
    if way.table is inspections:
        return condition
    return select(literal(1)).where(inspections.c.number == way.table.c.number, condition).exists()


def _scores(table: Table, wanted: Wanted) -> ColumnElement[bool]:
    found: ColumnElement[bool] = true()
    if wanted.least_score is not None:
        found &= table.c.score >= wanted.least_score
    if wanted.most_score is not None:
        found &= table.c.score <= wanted.most_score
    return found
