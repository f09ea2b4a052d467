from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.errors import TooMuchAsked
from app.service.records.spans import MOST_SPANS, Span, spans

BERLIN = ZoneInfo("Europe/Berlin")
SHIFTS = (time(6), time(14), time(22))


def utc(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def hours(found: list[Span]) -> list[float]:
    return [(each.ends - each.begins).total_seconds() / 3600 for each in found]


def test_days_are_cut_at_the_midnights_of_the_place() -> None:
    found = spans(utc(1, 5, 12), utc(1, 7, 12), "day", BERLIN, ())
    assert [each.begins for each in found] == [utc(1, 5, 12), utc(1, 5, 23), utc(1, 6, 23)]
    assert found[-1].ends == utc(1, 7, 12)


def test_spans_join_without_a_gap_and_hold_all_of_the_time() -> None:
    found = spans(utc(3, 27, 1, 7), utc(3, 31, 2, 3), "hour", BERLIN, ())
    assert [each.ends for each in found[:-1]] == [each.begins for each in found[1:]]
    assert (found[0].begins, found[-1].ends) == (utc(3, 27, 1, 7), utc(3, 31, 2, 3))


@pytest.mark.parametrize(("month", "day", "length"), [(3, 29, 23), (10, 25, 25), (6, 1, 24)])
def test_a_day_on_which_clocks_are_set_is_shorter_or_longer(month: int, day: int, length: int) -> None:
    found = spans(utc(month, day) - timedelta(days=1), utc(month, day + 2), "day", BERLIN, ())
    [whole] = [each for each in found if each.begins.astimezone(BERLIN).date() == datetime(2026, month, day).date()]
    assert hours([whole]) == [length]
    assert len(spans(whole.begins, whole.ends, "hour", BERLIN, ())) == length


def test_a_night_shift_has_the_hour_that_clocks_skip_or_repeat() -> None:
    autumn = spans(utc(10, 24, 4), utc(10, 26, 5), "shift", BERLIN, SHIFTS)
    assert [each.shift for each in autumn] == [*SHIFTS, *SHIFTS]
    assert hours(autumn) == [8, 8, 9, 8, 8, 8]
    spring = spans(utc(3, 28, 5), utc(3, 29, 4), "shift", BERLIN, SHIFTS)
    assert hours(spring) == [8, 8, 7]


def test_a_shift_that_began_before_is_told_by_its_own_time() -> None:
    [only] = spans(utc(1, 5, 1), utc(1, 5, 2), "shift", BERLIN, SHIFTS)
    assert only.shift == time(22)


def test_a_shift_that_would_begin_in_the_skipped_hour_begins_as_late_as_if_it_were_there() -> None:
    found = spans(utc(3, 29), utc(3, 29, 6), "shift", BERLIN, (time(2, 30), time(12)))
    assert [(each.begins, each.shift) for each in found] == [(utc(3, 29), time(12)), (utc(3, 29, 1, 30), time(2, 30))]


def test_one_of_two_that_begin_there_has_no_time_of_its_own() -> None:
    found = spans(utc(3, 29), utc(3, 29, 6), "shift", BERLIN, (time(2, 30), time(3)))
    assert [(each.begins, each.shift) for each in found] == [(utc(3, 29), time(3)), (utc(3, 29, 1), time(3))]


def test_full_hours_are_those_of_the_place() -> None:
    kolkata = spans(utc(1, 5), utc(1, 5, 2), "hour", ZoneInfo("Asia/Kolkata"), ())
    assert hours(kolkata) == [0.5, 1, 0.5]
    # Lord Howe sets its clocks by half an hour.
    lord_howe = spans(utc(10, 3, 12), utc(10, 3, 19), "hour", ZoneInfo("Australia/Lord_Howe"), ())
    assert hours(lord_howe) == [0.5, 1, 1, 1, 0.5, 1, 1, 1]


def test_a_day_that_a_place_skipped_is_none() -> None:
    samoa, begins = ZoneInfo("Pacific/Apia"), datetime(2011, 12, 29, 10, tzinfo=UTC)
    found = spans(begins, begins.replace(day=31), "day", samoa, ())
    assert [each.begins.astimezone(samoa).day for each in found] == [29, 31]


def test_more_spans_than_an_answer_takes_are_refused() -> None:
    assert len(spans(utc(1, 1), utc(2, 11, 16), "hour", UTC, ())) == MOST_SPANS
    with pytest.raises(TooMuchAsked, match="more than 1000 buckets of one hour"):
        spans(utc(1, 1), utc(2, 11, 17), "hour", UTC, ())
