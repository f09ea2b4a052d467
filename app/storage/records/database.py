"""Opening the records: SQLite for one process, PostgreSQL for several; migrations under a lock."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, FromClause, create_engine, event, text
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from app.errors import ConfigurationError, StorageUnavailable
from app.storage.disk.durable import explained

MIGRATIONS = Path(__file__).parent / "migrations"
FILE, LOCK_FILE, PROCESS = "records.db", "lock", "process-"
POSTGRES_DRIVER = "postgresql+psycopg"
POSTGRES_LOCK = 0x616E6F6D
"""Any number that nobody else takes a lock of in this database."""

CONNECT_S, STATEMENT_MS = 3, 10_000
"""How long PostgreSQL may take to be there, and over a statement."""

POOL = 8
"""Connections to PostgreSQL at most: readers', and the writer's one."""


def sqlite_url(folder: Path) -> URL:
    """The file of the records in a folder."""
    return URL.create("sqlite+pysqlite", database=str(folder / FILE))


def postgres_url(given: str, password: str | None = None) -> URL:
    """ConfigurationError where it is no address of a PostgreSQL database. `password`: instead of one in the address."""
    try:
        url = make_url(given)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql" or not url.database:
        raise ConfigurationError(
            "INSPECTOR_RECORDS_URL is no address of a PostgreSQL database. Give postgresql://user@host:5432/database, "
            "or leave it out to keep records in SQLite."
        )
    return url.set(drivername=POSTGRES_DRIVER, password=password or url.password)


class Claim:
    """A folder that one process has for itself for as long as it lives."""

    def __init__(self, folder: Path) -> None:
        """BlockingIOError where another process has it. StorageFull, StorageUnavailable: it cannot be used."""
        self.folder = folder
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise

    def close(self) -> None:
        os.close(self._descriptor)


def claim_of_sqlite(folder: Path) -> Claim:
    """The folder of SQLite's file, which is one process's. ConfigurationError where another has it."""
    try:
        return Claim(folder)
    except BlockingIOError:
        raise ConfigurationError(
            f"Another process keeps its records in {folder}. SQLite is for one process: give several of them a "
            "PostgreSQL database (INSPECTOR_RECORDS_URL), or each its own folder, or set INSPECTOR_RECORDS to off."
        ) from None


def claim_of_spool(folder: Path) -> Claim:
    """A folder in `folder` for what waits, which no other process has."""
    for number in count():
        try:
            return Claim(folder / f"{PROCESS}{number}")
        except BlockingIOError:
            continue
    raise AssertionError


def claims_of_the_dead(folder: Path) -> Iterator[Claim]:
    """What processes left that are no more: SQLite's folder, and those for what waits; each for as long as it is looked
    at."""
    for left in (folder, *sorted(folder.glob(f"{PROCESS}*"))):
        try:
            claim = Claim(left)
        except BlockingIOError:
            continue
        try:
            yield claim
        finally:
            claim.close()


def records_engine(url: URL) -> Engine:
    """Connections to the records; none is made yet."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": STATEMENT_MS / 1000})
        engine.dialect.statement_compiler = _HintedCompiler
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = f"-c statement_timeout={STATEMENT_MS} -c lock_timeout={STATEMENT_MS}"
    return create_engine(
        url,
        hide_parameters=True,  # the log is no place for what callers sent
        pool_size=POOL,
        max_overflow=0,
        pool_timeout=CONNECT_S,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_S, "options": options},
    )


class _HintedCompiler(SQLiteCompiler):
    """Writes hints (`INDEXED BY`) behind the table, as SQLite takes them."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002
        return text


def _set_up_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # A commit is on the disk when it returns; readers and the one writer do not wait for each other.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Python's module would begin no transaction before the tables are made: a kill would leave some of them.
    connection.exec_driver_sql("BEGIN")


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """StorageUnavailable while the database cannot be used."""
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StorageUnavailable(
            "The records cannot be read now. Inspections go on, and their records follow. Try again; if that does "
            "not help, look at their database."
        ) from error


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to this release's form, or that of an earlier `revision`; several processes may do so at once.

    Raises:
        ConfigurationError: a newer release has been here.
        SQLAlchemyError: the database cannot be used.
    """
    scripts = Config()
    scripts.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection, _one_at_a_time(connection):
        present = MigrationContext.configure(connection).get_current_revision()
        if present is not None and not _known(ScriptDirectory.from_config(scripts), present):
            raise ConfigurationError(
                f"The records were last used by a newer release (schema {present}), which this one must not write to. "
                "Start that release again, or give this one another database."
            )
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))  # a large table takes its time
        scripts.attributes["connection"] = connection
        command.upgrade(scripts, revision)
        connection.commit()


@contextmanager
def _one_at_a_time(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "sqlite":
        yield  # the file is this process's
        return
    connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": POSTGRES_LOCK})
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": POSTGRES_LOCK})
        connection.commit()


def _known(scripts: ScriptDirectory, revision: str) -> bool:
    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False
