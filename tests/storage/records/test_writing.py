from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.storage.records import writing
from app.storage.records.finding import Wanted
from app.storage.records.reading import RecordReader
from app.storage.records.writing import forget_product, reason, write_records
from tests.storage.records.records import made


def test_what_is_written_is_read_again(engine: Engine) -> None:
    given = made(
        part_id="SN 17/ä", meas_id="m", station_id="s", threshold=None, score=0.1 + 0.2, flags=("drift", "edge_unseen"),
        key_name="line/1a2b", request_id="r", pictures="kept", media_type="image/webp",
        details={"regions": [{"peak": 1 / 3}], "timings_ms": {"decode": 2.5}},
    )  # fmt: skip
    assert write_records(engine, [given]) == 1
    assert RecordReader(engine).one(given.inspection_id) == given


def test_a_record_that_is_there_stays_as_it_is(engine: Engine) -> None:
    first, second = made(0), made(1)
    write_records(engine, [first])
    changed = made(5, inspection_id=first.inspection_id, score=0.9, flags=("drift",))
    assert write_records(engine, [changed, second]) == 1
    assert {each.inspection_id: each.score for each in RecordReader(engine).page(Wanted(), 10).records} == {
        first.inspection_id: 0.25, second.inspection_id: 0.25,
    }  # fmt: skip
    assert RecordReader(engine).page(Wanted(flag="drift"), 10).records == ()


def test_all_of_a_commit_are_written_or_none(engine: Engine) -> None:
    with pytest.raises(SQLAlchemyError):
        write_records(engine, [made(0), made(1, verdict=None)])
    assert RecordReader(engine).page(Wanted(), 10).records == ()


def test_the_same_records_from_two_sides_are_there_once(engine: Engine) -> None:
    records = [made(number, flags=("drift",)) for number in range(100)]
    with ThreadPoolExecutor(2) as pool:
        written = list(pool.map(lambda some: write_records(engine, some), [records, records]))
    assert sum(written) >= 100
    assert (
        len(RecordReader(engine).page(Wanted(), 1000).records)
        == len(RecordReader(engine).page(Wanted(flag="drift"), 1000).records)
        == 100
    )


@pytest.mark.parametrize("score", [float("inf"), 1e300, 5e-324])
def test_any_number_is_a_score(engine: Engine, score: float) -> None:
    given = made(score=score, details={"likeness": [{"value": float("inf")}]})
    write_records(engine, [given])
    assert RecordReader(engine).one(given.inspection_id) == given


def test_of_two_records_of_one_id_in_a_commit_the_first_stays(engine: Engine) -> None:
    first = made(0, flags=("drift",))
    again = made(0, inspection_id=first.inspection_id, flags=("drift", "unrecorded"))
    assert write_records(engine, [first, again]) == 1
    assert RecordReader(engine).one(first.inspection_id) == first
    assert RecordReader(engine).page(Wanted(flag="unrecorded"), 1).records == ()


def test_a_product_is_forgotten_with_its_flags_and_no_other(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FORGOTTEN", 2)
    write_records(
        engine, [made(number, product_id=("plate", "nut")[number % 2], flags=("drift",)) for number in range(9)]
    )
    forget_product(engine, "plate")
    reader = RecordReader(engine)
    assert {each.product_id for each in reader.page(Wanted(), 10).records} == {"nut"}
    assert len(reader.page(Wanted(flag="drift"), 10).records) == 4


def test_what_callers_sent_is_not_what_an_error_begins_with(engine: Engine) -> None:
    with pytest.raises(SQLAlchemyError) as told:
        write_records(engine, [made(verdict=None, part_id="SN-SECRET")])
    assert "SN-SECRET" not in reason(told.value)
