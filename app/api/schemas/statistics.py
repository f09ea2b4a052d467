"""Statistics of a product in JSON: what may be asked for, and the answer."""

import re
from dataclasses import dataclass
from datetime import time, tzinfo
from typing import Annotated, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from app.api.schemas.records import Moment
from app.service.records.records import Statistics
from app.service.records.spans import Bucket, Span, spans
from app.service.verdicts.verdict import Flag, Verdict
from app.storage.records.statistics import Counted, Quantiles

UTC = ZoneInfo("UTC")
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
MOST_SHIFTS, LONGEST_ZONE = 12, 64


def _zone(given: object) -> object:
    name = str(given)
    try:
        return ZoneInfo(name[:LONGEST_ZONE])
    except (KeyError, ValueError, OSError):
        raise ValueError("give a time zone by its name, as Europe/Berlin or UTC") from None


def _shifts(given: object) -> object:
    times = str(given).split(",")
    if len(set(times)) < len(times) or len(times) > MOST_SHIFTS or not all(map(TIME_OF_DAY.fullmatch, times)):
        raise ValueError(f"give the times of day at which shifts begin, {MOST_SHIFTS} at most: 06:00,14:00,22:00")
    return ShiftTimes(tuple(map(time.fromisoformat, times)))


Zone = Annotated[tzinfo, BeforeValidator(_zone), WithJsonSchema({"type": "string"})]


@dataclass(frozen=True, slots=True)
class ShiftTimes:
    """Times of day at which shifts begin."""

    times: tuple[time, ...]


Shifts = Annotated[ShiftTimes, BeforeValidator(_shifts), WithJsonSchema({"type": "string"})]


class StatisticsQuery(BaseModel):
    """Which time, and how it is cut."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    from_: Moment = Field(alias="from", description="Not before, with its zone.")
    to: Moment = Field(description="Before, with its zone.")
    bucket: Bucket = Field(default="day", description="Cut at full hours, at midnights, or where shifts begin.")
    tz: Zone = Field(default=UTC, description="Whose clocks cut it.")
    shifts: Shifts | None = Field(
        default=None, description="With `bucket=shift`: when they begin, as 06:00,14:00,22:00."
    )

    def spans(self) -> tuple[Span, list[Span]]:
        """The whole time, and how it is cut. ValueError: what is given does not go together; TooMuchAsked."""
        if self.from_ >= self.to:
            raise ValueError("`from` must be before `to`. Swap them.")
        if (self.bucket == "shift") != (self.shifts is not None):
            raise ValueError("`shifts` and `bucket=shift` go together. Give both of them, or none.")
        times = self.shifts.times if self.shifts else ()
        return Span(self.from_, self.to), spans(self.from_, self.to, self.bucket, self.tz, times)


class QuantilesBody(BaseModel):
    """Of `count` values: the smallest and the largest, and those that 5, 50, 95 and 99 % of them do not exceed (exact:
    each is one of the values)."""

    count: int
    min: float
    p5: float
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, quantiles: Quantiles) -> Self:
        percents = {f"p{percent}": value for percent, value in quantiles.percents.items()}
        return cls.model_validate(percents | {"count": quantiles.count, "min": quantiles.least, "max": quantiles.most})


class CountedBody(BaseModel):
    """What was inspected `from` to before `to`. `shift`: the time of day at which the shift began; `flags`: those that
    were there; `score`, `took_ms`: null where there is none."""

    from_: str = Field(alias="from")
    to: str
    shift: str | None
    inspections: int
    verdicts: dict[Verdict, int]
    flags: dict[Flag, int]
    score: QuantilesBody | None
    took_ms: QuantilesBody | None

    @classmethod
    def of(cls, span: Span, counted: Counted, zone: tzinfo) -> Self:
        begins, ends = (each.astimezone(zone).isoformat() for each in (span.begins, span.ends))
        told = {
            "from": begins,
            "to": ends,
            "shift": span.shift.isoformat("minutes") if span.shift else None,
            "inspections": sum(counted.verdicts.values()),
            "verdicts": {each: counted.verdicts.get(each, 0) for each in get_args(Verdict)},
            "flags": {each: counted.flags[each] for each in get_args(Flag) if each in counted.flags},
            "score": QuantilesBody.of(counted.score) if counted.score else None,
            "took_ms": QuantilesBody.of(counted.took_ms) if counted.took_ms else None,
        }
        return cls.model_validate(told)


class StatisticsBody(BaseModel):
    """Counts and quantiles of a product: of the `whole` time, and of each bucket. `waiting`: records are not written
    yet, or were lost, so that there may have been more inspections."""

    product_id: str
    bucket: Bucket
    tz: str
    waiting: bool
    whole: CountedBody
    buckets: list[CountedBody]

    @classmethod
    def of(cls, statistics: Statistics, query: StatisticsQuery) -> Self:
        whole, *buckets = (CountedBody.of(*each, query.tz) for each in (statistics.whole, *statistics.spans))
        return cls(
            product_id=statistics.product_id,
            bucket=query.bucket,
            tz=str(query.tz),
            waiting=statistics.waiting,
            whole=whole,
            buckets=buckets,
        )
