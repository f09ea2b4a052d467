from pathlib import Path

import pytest

from app.errors import StorageFull
from app.storage.records.record import InspectionRecord
from app.storage.records.spool import Spool
from tests.storage.records.records import made


def taken(spool: Spool) -> list[InspectionRecord]:
    with spool.taking() as groups:
        return [each for group in groups for each in group]


def test_records_come_out_in_the_order_in_which_they_came_once(tmp_path: Path) -> None:
    records = [made(number, flags=("drift",), details={"n": number}) for number in (3, 1, 2)]
    spool = Spool(tmp_path / "spool", 10_000)
    for each in records:
        spool.put(each)
    assert not spool.is_empty
    assert taken(spool) == records
    assert taken(spool) == []
    assert spool.is_empty


def _in_vain(spool: Spool, first: InspectionRecord, second: InspectionRecord) -> None:
    with spool.taking() as groups:
        assert list(groups) == [[first]]
        spool.put(second)
        raise ValueError("away")


def test_records_that_nobody_wrote_are_there_again_with_those_that_came_after(tmp_path: Path) -> None:
    first, second = made(1), made(2)
    spool = Spool(tmp_path, 10_000)
    spool.put(first)
    with pytest.raises(ValueError, match="away"):
        _in_vain(spool, first, second)
    again = Spool(tmp_path, 10_000)
    assert [*taken(again), *taken(again)] == [first, second]


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    first, second = made(1), made(2)
    spool = Spool(tmp_path, 10_000)
    spool.put(first)
    with (tmp_path / "coming.jsonl").open("ab") as file:
        file.write(made(3).line()[:40])
    Spool(tmp_path, 10_000).put(second)
    assert taken(spool) == [first, second]


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    first = made(1)
    spool = Spool(tmp_path, len(first.line()))
    spool.put(first)
    with pytest.raises(StorageFull):
        spool.put(made(2))
    assert taken(spool) == [first]
    spool.put(first)
