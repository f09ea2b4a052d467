import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from app.errors import ConfigurationError
from app.storage.records.database import (
    claim_of_spool,
    claim_of_sqlite,
    migrate,
    postgres_url,
    records_engine,
    sqlite_url,
)
from app.storage.records.finding import Wanted
from app.storage.records.reading import RecordReader
from app.storage.records.tables import metadata
from tests.storage.records.records import made


def test_the_migrations_make_the_tables_that_the_code_expects(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_second_migration_changes_nothing(engine: Engine) -> None:
    migrate(engine)


def test_a_migration_that_is_cut_off_leaves_nothing_behind(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    making = op.create_index

    def cut_off(name: str, *arguments: Any) -> None:
        if name == "inspections_station_at":
            raise RuntimeError("killed")
        making(name, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(op, "create_index", cut_off)
        with pytest.raises(RuntimeError, match="killed"):
            migrate(empty)
    assert inspect(empty).get_table_names() == []
    migrate(empty)


def test_records_of_the_release_before_had_no_pictures(empty: Engine) -> None:
    record = made(flags=("drift",))
    migrate(empty, "0002")
    with empty.begin() as connection:
        values = asdict(record) | {"flags": "drift", "details": "{}"}
        columns = [each["name"] for each in inspect(empty).get_columns("inspections") if each["name"] != "number"]
        places = ", ".join(f":{name}" for name in columns)
        connection.execute(text(f"INSERT INTO inspections ({', '.join(columns)}) VALUES ({places})"), values)
    migrate(empty)
    assert RecordReader(empty).one(record.inspection_id) == record


def test_records_of_the_release_before_are_counted_too(empty: Engine) -> None:
    details = {"score_normalized": math.inf, "low": -math.inf, "timings_ms": {"decode": 4.5, "backbone": 30.0}}
    old = made(1, score=math.inf, flags=("drift",), details=details)
    migrate(empty, "0003")
    with empty.begin() as connection:
        values = asdict(old) | {"flags": "drift", "details": json.dumps(old.details), "number": 7}
        columns = [each["name"] for each in inspect(empty).get_columns("inspections")]
        places = ", ".join(f":{name}" for name in columns)
        connection.execute(text(f"INSERT INTO inspections ({', '.join(columns)}) VALUES ({places})"), values)
        connection.execute(text("INSERT INTO inspection_flags VALUES ('drift', :at_us, 7)"), values)
    migrate(empty)
    reader = RecordReader(empty)
    assert reader.page(Wanted(flag="drift", verdict="ok", product_id="plate"), 9).records == (old,)
    [counted] = reader.counted("plate", [(old.at_us, old.at_us + 1)])
    assert counted.took_ms is not None
    assert counted.took_ms.most == 34.5


def test_several_processes_may_migrate_at_once(empty: Engine) -> None:
    if empty.dialect.name == "sqlite":
        pytest.skip("one process has SQLite's file")
    engines = [records_engine(empty.url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, engines))
    for each in engines:
        each.dispose()


def test_a_newer_schema_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match=r"newer release \(schema 9999\)"):
        migrate(engine)


def test_a_commit_of_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    engine = records_engine(sqlite_url(tmp_path))
    with engine.connect() as connection:
        found = [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]
    engine.dispose()


def test_a_second_process_is_told_to_use_postgresql(tmp_path: Path) -> None:
    claim = claim_of_sqlite(tmp_path)
    with pytest.raises(ConfigurationError, match="INSPECTOR_RECORDS_URL"):
        claim_of_sqlite(tmp_path)
    claim.close()
    claim_of_sqlite(tmp_path).close()


def test_each_process_has_a_spool_of_its_own_and_the_next_takes_over_that_of_a_dead_one(tmp_path: Path) -> None:
    first, second = claim_of_spool(tmp_path), claim_of_spool(tmp_path)
    assert first.folder != second.folder
    first.close()
    third = claim_of_spool(tmp_path)
    assert third.folder == first.folder
    for each in (second, third):
        each.close()


@pytest.mark.parametrize("url", ["sqlite:///x.db", "postgresql://host", "nonsense", "mysql://host/database"])
def test_a_wrong_address_is_told_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        postgres_url(url)
    assert "INSPECTOR_RECORDS_URL is no address of a PostgreSQL database" in told.value.message
    assert url not in told.value.message
