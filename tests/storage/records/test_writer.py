import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.storage.records import writer as module
from app.storage.records.kept import Kept
from app.storage.records.record import InspectionRecord
from app.storage.records.spool import Spool
from app.storage.records.writer import RecordWriter
from tests.storage.records.records import made
from tests.waiting import wait_until

UNSTORABLE = "unstorable"


class Database:
    """Takes groups of records; may be away, or slow until it is told to go on."""

    def __init__(self) -> None:
        self.groups: list[list[InspectionRecord]] = []
        self.is_away = False
        self.prepared = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def prepare(self) -> None:
        self._answer()
        self.prepared += 1

    def write(self, kept: list[Kept]) -> None:
        self.may_go_on.wait(30)
        self._answer()
        records = [each for each in kept if isinstance(each, InspectionRecord)]
        if any(each.product_id == UNSTORABLE for each in records):
            raise IntegrityError("INSERT", {}, ValueError("no such value"))
        self.groups.append(records)

    @property
    def records(self) -> list[InspectionRecord]:
        return [each for group in self.groups for each in group]

    def _answer(self) -> None:
        if self.is_away:
            raise SQLAlchemyError("away")


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.05)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def writer(database: Database, tmp_path: Path) -> Iterator[RecordWriter]:
    with closing(RecordWriter(database.prepare, database.write, Spool(tmp_path, 10_000), wait_s=0.25)) as made:
        yield made
        database.may_go_on.set()


def test_a_record_that_is_kept_has_been_committed(writer: RecordWriter, database: Database) -> None:
    record = made()
    assert writer.keep(record)
    assert database.records == [record]
    assert not writer.state.away


def test_those_that_come_during_a_commit_share_the_next(database: Database, tmp_path: Path) -> None:
    database.may_go_on.clear()
    with closing(RecordWriter(database.prepare, database.write, Spool(tmp_path, 10_000), wait_s=30)) as writer:
        callers = [threading.Thread(target=writer.keep, args=[made(number)]) for number in range(9)]
        callers[0].start()
        wait_until(lambda: writer.state.commit_s > 0)
        for each in callers[1:]:
            each.start()
        wait_until(lambda: len(writer._waiting) == 8)
        database.may_go_on.set()
        for each in callers:
            each.join(30)
    assert len(database.records) == 9
    assert [len(group) for group in database.groups] == [1, 8]


def test_what_comes_while_the_database_is_away_follows_in_order_once(writer: RecordWriter, database: Database) -> None:
    records = [made(number) for number in range(4)]
    assert writer.keep(records[0])
    database.is_away = True
    assert [writer.keep(each) for each in records[1:]] == [False] * 3
    assert writer.state.away
    assert writer.state.spool_bytes > 0
    database.is_away = False
    wait_until(lambda: not writer.state.away)
    assert [each.inspection_id for each in database.records] == [each.inspection_id for each in records]
    assert [each.flags for each in database.records] == [(), *[("unrecorded",)] * 3]
    assert writer.keep(made(9))
    assert writer.state.all_written


def test_a_slow_database_keeps_nobody_waiting_and_loses_nothing(writer: RecordWriter, database: Database) -> None:
    database.may_go_on.clear()
    records = [made(1), made(2)]
    assert [writer.keep(each) for each in records] == [False, False]
    database.may_go_on.set()
    wait_until(lambda: {each.inspection_id for each in database.records} >= {each.inspection_id for each in records})


def test_what_the_spool_cannot_take_is_counted_and_logged(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database.is_away = True
    record = made()
    with closing(RecordWriter(database.prepare, database.write, Spool(tmp_path, 100), wait_s=0.25)) as writer:
        assert not writer.keep(record)
        assert writer.state.lost == 1
    assert f"inspection {record.inspection_id} is lost" in caplog.text


def test_a_database_that_is_away_at_the_start_is_made_ready_when_it_comes(database: Database, tmp_path: Path) -> None:
    database.is_away = True
    with closing(RecordWriter(database.prepare, database.write, Spool(tmp_path, 10_000), wait_s=0.25)) as writer:
        wait_until(lambda: writer.state.away)
        assert not writer.keep(made(1))
        database.is_away = False
        wait_until(lambda: bool(database.records))
    assert database.prepared == 1


def test_what_waited_when_the_process_ended_is_written_by_the_next(database: Database, tmp_path: Path) -> None:
    database.is_away = True
    record = made()
    with closing(RecordWriter(database.prepare, database.write, Spool(tmp_path, 10_000), wait_s=0.25)) as writer:
        assert not writer.keep(record)
    database.is_away = False
    with closing(RecordWriter(database.prepare, database.write, Spool(tmp_path, 10_000), wait_s=0.25)):
        wait_until(lambda: [each.inspection_id for each in database.records] == [record.inspection_id])


def test_a_record_that_no_database_takes_is_lost_alone(writer: RecordWriter, caplog: pytest.LogCaptureFixture) -> None:
    poison = made(product_id=UNSTORABLE)
    assert not writer.keep(poison)
    assert (writer.state.lost, writer.state.spool_bytes, writer.state.away) == (1, 0, False)
    assert f"inspection {poison.inspection_id} is lost" in caplog.text
    assert writer.keep(made())
    assert not writer.state.all_written


def test_one_that_waited_on_the_disk_holds_up_no_other(database: Database, tmp_path: Path) -> None:
    records = [made(1), made(2, product_id=UNSTORABLE), made(3)]
    spool = Spool(tmp_path, 10_000)
    for each in records:
        spool.put(each)
    with closing(RecordWriter(database.prepare, database.write, spool, wait_s=0.25)) as writer:
        wait_until(lambda: spool.is_empty)
        assert database.records == [records[0], records[2]]
        assert writer.state.lost == 1


def test_the_thread_outlives_what_nobody_foresaw(writer: RecordWriter, database: Database) -> None:
    broken = RuntimeError("unforeseen")

    def fail(_records: list[Kept]) -> None:
        raise broken

    working = writer._write
    writer._write = fail
    assert not writer.keep(made(1))
    writer._write = working
    wait_until(lambda: writer.state.all_written)
    assert len(database.records) == 1
    assert writer.keep(made(2))
