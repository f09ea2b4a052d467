"""The records as a whole, in SQLite."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import StorageUnavailable
from app.storage.records.database import claim_of_spool
from app.storage.records.finding import Wanted
from app.storage.records.spool import Spool
from app.storage.records.store import Records
from tests.storage.records.records import made
from tests.waiting import wait_until


def opened(folder: Path) -> Records:
    return Records(folder, None, wait_s=30, spool_bytes=10_000)


def test_what_is_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    record = made(flags=("drift",))
    with closing(opened(tmp_path)) as records:
        assert records.writer.keep(record)
    with closing(opened(tmp_path)) as records:
        assert records.reader.page(Wanted(), 10).records == (record,)


def test_what_ended_processes_left_waiting_is_written(tmp_path: Path) -> None:
    left = [made(number) for number in range(2)]
    first, second = claim_of_spool(tmp_path), claim_of_spool(tmp_path)
    for claim, record in zip((first, second), left, strict=True):
        Spool(claim.folder / "spool", 10_000).put(record)
    first.close()
    with closing(opened(tmp_path)) as records:
        wait_until(lambda: len(records.reader.page(Wanted(), 10).records) == 1)
    second.close()
    with closing(opened(tmp_path)) as records:
        wait_until(lambda: len(records.reader.page(Wanted(), 10).records) == 2)


def test_a_product_is_not_forgotten_while_records_wait(tmp_path: Path) -> None:
    with closing(Records(tmp_path, None, wait_s=0.05, spool_bytes=10_000)) as records:
        with closing(sqlite3.connect(tmp_path / "records.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            assert not records.writer.keep(made())
            with pytest.raises(StorageUnavailable, match="Repeat the deletion"):
                records.forget("plate")
            other.rollback()
        wait_until(lambda: records.writer.state.all_written)
        records.forget("plate")
        assert records.reader.page(Wanted(), 10).records == ()
