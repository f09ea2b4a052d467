from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from app.errors import StorageUnavailable
from app.storage.records.database import migrate
from app.storage.records.feedback import DAY_US, Count, Feedback, FeedbackTable
from app.storage.records.reading import RecordReader
from app.storage.records.record import Truth
from app.storage.records.writing import write_records
from tests.storage.records.records import made

MIDNIGHT_US = 20_800 * DAY_US


def test_all_that_was_said_is_kept_and_the_newest_counts(engine: Engine) -> None:
    table, record = FeedbackTable(engine), made()
    write_records(engine, [record, made()])
    said = [
        Feedback("bad", 5, "scratched\nhere", "Ada", "desk/1", "r1"),
        Feedback("good", 3, None, None, "desk/2", "r2"),
    ]
    assert all(table.add(record.inspection_id, each) for each in said)
    assert table.of(record.inspection_id) == (said[1], said[0])
    found = RecordReader(engine).one(record.inspection_id)
    assert found is not None
    assert found.truth == "good"


def test_nothing_is_said_of_what_is_not_there(engine: Engine) -> None:
    table = FeedbackTable(engine)
    assert not table.add("nothing", Feedback("bad", 1))
    assert table.of("nothing") == ()


def test_of_words_at_one_moment_the_last_one_kept_counts(engine: Engine) -> None:
    table, record = FeedbackTable(engine), made()
    write_records(engine, [record])
    truths: list[Truth] = ["good", "bad"] * 10
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda truth: table.add(record.inspection_id, Feedback(truth, 1)), truths))
    told, found = table.of(record.inspection_id), RecordReader(engine).one(record.inspection_id)
    assert len(told) == len(truths)
    assert found is not None
    assert found.truth == told[0].truth


def test_a_record_that_is_written_again_keeps_what_was_said(engine: Engine) -> None:
    record = made()
    write_records(engine, [record])
    FeedbackTable(engine).add(record.inspection_id, Feedback("bad", 1))
    write_records(engine, [record])
    found = RecordReader(engine).one(record.inspection_id)
    assert found is not None
    assert found.truth == "bad"


def test_inspections_are_counted_by_day_version_verdict_and_truth(engine: Engine) -> None:
    table = FeedbackTable(engine)
    records = [
        made(at_us=MIDNIGHT_US - 1, verdict="not_ok", truth="good"),
        made(at_us=MIDNIGHT_US, verdict="not_ok", truth="good", threshold=0.5),
        made(at_us=MIDNIGHT_US + 1, verdict="not_ok", truth="bad", threshold=0.75),
        made(at_us=MIDNIGHT_US + 2, verdict="not_ok", threshold=None),
        made(at_us=MIDNIGHT_US + 3, bank_version=2),
        made(at_us=MIDNIGHT_US + DAY_US),
        made(at_us=MIDNIGHT_US, product_id="nut"),
    ]
    write_records(engine, records)
    numbers = table.counts("plate", MIDNIGHT_US - 1, MIDNIGHT_US + DAY_US)
    newest = RecordReader(engine).details({each.newest for each in numbers})
    assert len(newest) == 3
    told = {each: (each.inspected, each.good, each.bad, each.thresholds) for each in numbers}
    assert {(each.day, each.bank_version, each.verdict): what for each, what in told.items()} == {
        (20_799, 1, "not_ok"): (1, 1, 0, {0.5}),
        (20_800, 1, "not_ok"): (3, 1, 1, {0.5, 0.75, None}),
        (20_800, 2, "ok"): (1, 0, 0, {0.5}),
    }
    assert isinstance(numbers[0], Count)


def test_what_is_counted_is_read_from_an_index(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL decides by how many there are")
    plan = (
        "EXPLAIN QUERY PLAN SELECT at_us / 1, bank_version, verdict, count(*), max(number), min(threshold) FROM "
        "inspections WHERE product_id = 'plate' AND at_us >= 1 AND at_us < 2 GROUP BY 1, 2, 3"
    )
    with engine.connect() as connection:
        assert "COVERING INDEX inspections_product_at" in connection.execute(text(plan)).first()[3]  # type: ignore[index]


def test_a_database_that_cannot_be_used_is_told_as_such(empty: Engine) -> None:
    with pytest.raises(StorageUnavailable, match="Send it again"):
        FeedbackTable(empty).add("any", Feedback("good", 1))


def test_records_of_before_have_no_truth_and_take_it(empty: Engine) -> None:
    migrate(empty, "0004")
    with empty.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO inspections (inspection_id, at_us, product_id, verdict, score, calibration, bank_version, "
                "backbone, engine, precision, sha256, width, height, flags, key_name, request_id, details) VALUES "
                "('x', 1, 'plate', 'not_ok', 1, 'none', 1, 'b', 'e', 'p', 's', 1, 1, '', '-', '-', '{}')"
            )
        )
    migrate(empty)
    assert FeedbackTable(empty).add("x", Feedback("good", 1))
    found = RecordReader(empty).one("x")
    assert found is not None
    assert found.truth == "good"
