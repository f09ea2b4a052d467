"""Counting records and ranking their numbers, by spans of time: in the database, which sends the results alone."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Subquery, case, cast, func, select, true

from app.storage.records.tables import inspections

PERCENTS = (5, 50, 95, 99)
TOLD = ("verdict", "flags", "score", "took_ms")

Span = tuple[int, int]
"""From, and up to but not including; microseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Numbers of a span, exact, by the nearest rank: of `count` values, `percents[p]` is the smallest one that p % of
    them do not exceed."""

    count: int
    least: float
    most: float
    percents: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Counted:
    """What was inspected in a span. `score`, `took_ms`: None where there is no value."""

    verdicts: Mapping[str, int] = field(default_factory=Counter)
    flags: Mapping[str, int] = field(default_factory=Counter)
    score: Quantiles | None = None
    took_ms: Quantiles | None = None


def counted(connection: Connection, product_id: str, spans: Sequence[Span]) -> list[Counted]:
    """Of a product, for each of the spans."""
    found = _found(connection, product_id, spans)
    verdicts, flags = [Counter[str]() for _ in spans], [Counter[str]() for _ in spans]
    # One row for each combination of flags, of which there are few.
    columns = (found.c.place, found.c.verdict, found.c.flags)
    for place, verdict, together, count in connection.execute(select(*columns, func.count()).group_by(*columns)):
        verdicts[place][verdict] += count
        flags[place].update(dict.fromkeys(together.split(), count))
    score, took_ms = (_quantiles(connection, found, number) for number in (found.c.score, found.c.took_ms))
    return [Counted(verdicts[place], flags[place], score.get(place), took_ms.get(place)) for place in range(len(spans))]


def _quantiles(connection: Connection, found: Subquery, number: ColumnElement[float]) -> dict[int, Quantiles]:
    """By the place of the span; none of one without values. SQLite has no function for it, so both count ranks."""
    rank = func.row_number().over(partition_by=found.c.place, order_by=number).label("rank")
    count = func.count().over(partition_by=found.c.place).label("count")
    ranked = select(found.c.place, number.label("value"), rank, count).where(number.is_not(None)).subquery()
    ranks = [(ranked.c.count * percent + 99) // 100 for percent in PERCENTS]
    percents = [func.max(case((ranked.c.rank == each, ranked.c.value))) for each in ranks]
    value = ranked.c.value
    chosen = (ranked.c.place, func.max(ranked.c.count), func.min(value), func.max(value), *percents)
    return {
        place: Quantiles(number_of, least, most, dict(zip(PERCENTS, values, strict=True)))
        for place, number_of, least, most, *values in connection.execute(select(*chosen).group_by(ranked.c.place))
    }


def _found(connection: Connection, product_id: str, spans: Sequence[Span]) -> Subquery:
    """The records of the product in the spans, each with the place of its span."""
    at, told = inspections.c.at_us, [inspections.c[name] for name in TOLD]
    of_product = select(*told).where(inspections.c.product_id == product_id)
    # The spans as one value: a row of parameters for each would take longer to write out than records to be counted.
    if connection.dialect.name == "sqlite":
        given = func.json_each(json.dumps(spans)).table_valued("key", "value")
        begins, ends = (func.json_extract(given.c.value, f"$[{end}]") for end in (0, 1))
        query = of_product.add_columns(given.c.key.label("place")).join_from(given, inspections, true())
        return query.where(at >= begins, at < ends).subquery()
    limits = [cast([span[end] for span in spans], ARRAY(BigInteger)) for end in (0, 1)]
    given = func.unnest(*limits).table_valued("begins", "ends", with_ordinality="count").render_derived()
    # PostgreSQL takes a span for a ninth of all records and would hold each record against every span. OFFSET stops it.
    of_span = of_product.where(at >= given.c.begins, at < given.c.ends).offset(0).lateral()
    return select((given.c.count - 1).label("place"), *of_span.c).join_from(given, of_span, true()).subquery()
