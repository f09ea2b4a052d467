"""Hours, days and shifts of a place, as spans of time: where clocks are set, an hour is there twice or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice, pairwise
from typing import Literal

from app.errors import TooMuchAsked

Bucket = Literal["hour", "day", "shift"]
MOST_SPANS = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """From `begins` to before `ends`, UTC. `shift`: the time of day at which its shift begins, for shifts only."""

    begins: datetime
    ends: datetime
    shift: time | None = None


def spans(begins: datetime, ends: datetime, bucket: Bucket, zone: tzinfo, shifts: Sequence[time]) -> list[Span]:
    """All of the time from `begins` to `ends`, cut at the full hours, midnights or `shifts` of the zone's clocks; the
    first and the last one may be cut short. A time of day that is skipped when clocks go forward counts as if they had
    not, one that comes twice the first time it comes (RFC 5545).

    TooMuchAsked: more than `MOST_SPANS`.
    """
    cuts = _hours(begins, zone) if bucket == "hour" else _times(begins, zone, shifts if bucket == "shift" else [time()])
    found = [*islice(_between(begins, ends, cuts), MOST_SPANS + 1)]
    if len(found) > MOST_SPANS:
        raise TooMuchAsked(
            f"There are more than {MOST_SPANS} buckets of one {bucket} from {begins.isoformat()} to "
            f"{ends.isoformat()}. Ask for less time at once, or for larger buckets.",
            limit=MOST_SPANS,
        )
    return [Span(each.begins, each.ends, each.shift if bucket == "shift" else None) for each in found]


Cut = tuple[datetime, time | None]


def _between(begins: datetime, ends: datetime, cuts: Iterator[Cut]) -> Iterator[Span]:
    for (cut, shift), (following, _) in pairwise(cuts):
        if cut >= ends:
            return
        if (first := max(cut, begins)) < (last := min(following, ends)):
            yield Span(first.astimezone(UTC), last.astimezone(UTC), shift)


def _hours(begins: datetime, zone: tzinfo) -> Iterator[Cut]:
    moment = begins - _past_the_hour(begins.astimezone(zone))
    while True:
        yield moment, None
        moment += timedelta(hours=1) - _past_the_hour(moment.astimezone(zone))


def _past_the_hour(moment: datetime) -> timedelta:
    return timedelta(minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)


def _times(begins: datetime, zone: tzinfo, times: Sequence[time]) -> Iterator[Cut]:
    day = begins.astimezone(zone).date() - timedelta(days=1)
    while True:
        yield from _of_day(day, zone, sorted(set(times)))
        day += timedelta(days=1)


def _of_day(day: date, zone: tzinfo, times: Sequence[time]) -> Iterator[Cut]:
    moments = [datetime.combine(day, each, zone).astimezone(UTC) for each in times]
    # One that is skipped may come behind the one that follows it: then it has no time of its own.
    for place in reversed(range(len(moments) - 1)):
        moments[place] = min(moments[place], moments[place + 1])
    yield from zip(moments, times, strict=True)
