from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.storage.records.reading import Wanted, page, record
from app.storage.records.writing import write_records
from tests.storage.records.records import made


def test_what_is_written_is_read_again(engine: Engine) -> None:
    given = made(
        part_id="SN 17/ä", meas_id="m", station_id="s", threshold=None, score=0.1 + 0.2, flags=("drift", "edge_unseen"),
        key_name="line/1a2b", request_id="r", details={"regions": [{"peak": 1 / 3}], "timings_ms": {"decode": 2.5}},
    )  # fmt: skip
    assert write_records(engine, [given]) == 1
    assert record(engine, given.inspection_id) == given


def test_a_record_that_is_there_stays_as_it_is(engine: Engine) -> None:
    first, second = made(0), made(1)
    write_records(engine, [first])
    changed = made(5, inspection_id=first.inspection_id, score=0.9, flags=("drift",))
    assert write_records(engine, [changed, second]) == 1
    assert {each.inspection_id: each.score for each in page(engine, Wanted(), 10).records} == {
        first.inspection_id: 0.25, second.inspection_id: 0.25,
    }  # fmt: skip
    assert page(engine, Wanted(flag="drift"), 10).records == ()


def test_all_of_a_commit_are_written_or_none(engine: Engine) -> None:
    with pytest.raises(SQLAlchemyError):
        write_records(engine, [made(0), made(1, verdict=None)])
    assert page(engine, Wanted(), 10).records == ()


def test_the_same_records_from_two_sides_are_there_once(engine: Engine) -> None:
    records = [made(number, flags=("drift",)) for number in range(100)]
    with ThreadPoolExecutor(2) as pool:
        written = list(pool.map(lambda some: write_records(engine, some), [records, records]))
    assert sum(written) >= 100
    assert len(page(engine, Wanted(), 1000).records) == len(page(engine, Wanted(flag="drift"), 1000).records) == 100
