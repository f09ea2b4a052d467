from math import ceil

import pytest
from sqlalchemy import Engine

from app.storage.records.reading import RecordReader
from app.storage.records.statistics import PERCENTS, Counted, Quantiles
from app.storage.records.writing import write_records
from tests.storage.records.records import made

SPANS = [(made(0).at_us, made(10).at_us), (made(10).at_us, made(20).at_us), (made(20).at_us, made(120).at_us)]


@pytest.fixture
def reader(engine: Engine) -> RecordReader:
    verdicts = ("ok", "ok", "not_ok", "ok", "not_decidable")
    write_records(
        engine,
        [
            made(
                number,
                product_id="plate" if number % 10 else "nut",
                verdict=verdicts[number % 5],
                flags=("drift", "edge_unseen") if number % 7 == 0 else ("drift",) if number % 7 == 1 else (),
                score=(number * 37 % 101) / 10,
                details={"timings_ms": {"backbone": float(number), "search": 0.5}} if number % 2 else {},
            )
            for number in range(110)
            if not 10 <= number < 20
        ],
    )
    return RecordReader(engine)


def by_hand(values: list[float]) -> Quantiles:
    ordered = sorted(values)
    percents = {percent: ordered[ceil(len(ordered) * percent / 100) - 1] for percent in PERCENTS}
    return Quantiles(len(ordered), ordered[0], ordered[-1], percents)


def test_each_span_is_counted_by_itself(reader: RecordReader) -> None:
    first, second, third = reader.counted("plate", SPANS)
    assert first.verdicts == {"ok": 5, "not_ok": 2, "not_decidable": 2}
    assert first.flags == {"drift": 3, "edge_unseen": 1}
    assert second == Counted()
    assert sum(third.verdicts.values()) == 81


def test_quantiles_are_values_that_so_many_do_not_exceed(reader: RecordReader) -> None:
    [whole] = reader.counted("plate", [(made(0).at_us, made(120).at_us)])
    numbers = [number for number in range(110) if number % 10 and not 10 <= number < 20]
    assert whole.score == by_hand([(number * 37 % 101) / 10 for number in numbers])
    assert whole.took_ms == by_hand([number + 0.5 for number in numbers if number % 2])


def test_the_end_belongs_to_the_next_span(reader: RecordReader) -> None:
    at = made(3).at_us
    found = reader.counted("plate", [(at - 1, at), (at, at + 1)])
    assert [sum(each.verdicts.values()) for each in found] == [0, 1]


def test_scores_without_an_end_are_ranked_last(engine: Engine) -> None:
    write_records(engine, [made(1, score=float("inf")), made(2, score=1.0), made(3, score=2.0)])
    [found] = RecordReader(engine).counted("plate", [(made(0).at_us, made(9).at_us)])
    assert found.score == Quantiles(3, 1.0, float("inf"), {5: 1.0, 50: 2.0, 95: float("inf"), 99: float("inf")})


def test_as_many_spans_as_an_answer_takes_are_counted(reader: RecordReader) -> None:
    begins, step = made(0).at_us, 500_000
    found = reader.counted("plate", [(begins + step * number, begins + step * (number + 1)) for number in range(1001)])
    assert sum(sum(each.verdicts.values()) for each in found) == 90
