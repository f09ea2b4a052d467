import json
from pathlib import Path

import pytest

from app.errors import StorageFull
from app.storage.records.record import InspectionRecord
from app.storage.records.spool import Spool
from tests.storage.records.records import made


def taken(spool: Spool) -> list[InspectionRecord]:
    with spool.taking() as groups:
        return [each for group in groups for each in group if isinstance(each, InspectionRecord)]


def test_records_come_out_in_the_order_in_which_they_came_once(tmp_path: Path) -> None:
    records = [made(number, flags=("drift",), details={"n": number}) for number in (3, 1, 2)]
    spool = Spool(tmp_path / "spool", 10_000)
    for each in records:
        spool.put(each)
    assert not spool.is_empty
    assert taken(spool) == records
    assert taken(spool) == []
    assert spool.is_empty


def test_lines_of_the_release_before_are_read(tmp_path: Path) -> None:
    record = made(1, details={"n": 1})
    values = json.loads(record.line())
    del values["metadata"]
    spool = Spool(tmp_path, 10_000)
    (tmp_path / "coming.jsonl").write_text(json.dumps(values) + "\n")
    assert taken(spool) == [record]


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


def test_what_waits_in_another_spool_is_taken_over_behind_its_own(tmp_path: Path) -> None:
    own, other = Spool(tmp_path / "own", 10_000), Spool(tmp_path / "other", 10_000)
    records = [made(number) for number in range(4)]
    own.put(records[0])
    other.put(records[1])
    with pytest.raises(ValueError, match="away"):
        _in_vain(other, records[1], records[2])
    own.inherit(Spool(tmp_path / "other", 10_000))
    assert taken(own) == records[:3]
    assert Spool(tmp_path / "other", 10_000).is_empty


def test_what_finds_no_room_stays_where_it_is(tmp_path: Path) -> None:
    first, second = made(1), made(2)
    own, other = Spool(tmp_path / "own", len(first.line())), Spool(tmp_path / "other", 10_000)
    own.put(first)
    other.put(second)
    with pytest.raises(StorageFull):
        own.inherit(other)
    assert taken(other) == [second]


def test_the_size_is_known_again_after_a_restart(tmp_path: Path) -> None:
    Spool(tmp_path, 10_000).put(made(1))
    assert Spool(tmp_path, 10_000).size_bytes == len(made(1).line())


def test_a_line_that_cannot_be_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = Spool(tmp_path, 10_000)
    (tmp_path / "coming.jsonl").write_bytes(b"{}\n")
    assert taken(spool) == []
    assert "line 1 of" in caplog.text


def test_a_whole_line_that_cannot_be_read_is_kept_aside_and_counted(tmp_path: Path) -> None:
    first, second = made(1), made(2)
    spool = Spool(tmp_path, 10_000)
    spool.put(first)
    with (tmp_path / "coming.jsonl").open("ab") as file:
        file.write(b'{"kind":"of a later release"}\n{"inspection_id":"cut o\n')
    spool.put(second)
    assert taken(spool) == [first, second]
    assert spool.unreadable == Spool(tmp_path, 10_000).unreadable == 1
    assert (tmp_path / "unreadable.jsonl").read_bytes() == b'{"kind":"of a later release"}\n'


def test_what_nobody_can_read_of_an_ended_process_is_kept_by_its_heir(tmp_path: Path) -> None:
    own, other = Spool(tmp_path / "own", 10_000), Spool(tmp_path / "other", 10_000)
    (tmp_path / "other" / "coming.jsonl").write_bytes(b'{"kind":"of a later release"}\n')
    own.inherit(Spool(tmp_path / "other", 10_000))
    assert (own.unreadable, other.unreadable) == (1, 0)
