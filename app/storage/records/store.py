"""The records, opened: SQLite in a folder, or PostgreSQL."""

import logging
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.storage.records.database import (
    claim_of_spool,
    claim_of_sqlite,
    migrate,
    postgres_url,
    records_engine,
    sqlite_url,
)
from app.storage.records.record import InspectionRecord
from app.storage.records.spool import Spool
from app.storage.records.writer import RecordWriter
from app.storage.records.writing import write_records

logger = logging.getLogger(__name__)

SPOOL = "spool"


class Records:
    """What was inspected. `engine` reads; all writing is the writer's."""

    def __init__(
        self, folder: Path, url: str | None, password: str | None = None, *, wait_s: float, spool_bytes: int
    ) -> None:
        """`url` of a PostgreSQL database; None: SQLite in `folder`, where records of either wait while it is away.

        Raises:
            ConfigurationError: the URL is none, another process has the folder, or a newer release has been here.
            StorageFull, StorageUnavailable: the folder cannot be used.
        """
        address = sqlite_url(folder) if url is None else postgres_url(url, password)
        self._claim = claim_of_sqlite(folder) if url is None else claim_of_spool(folder)
        self.engine: Engine = records_engine(address)
        try:
            migrate(self.engine)
        except SQLAlchemyError as error:
            logger.error("the records' database cannot be used yet; inspections go on: %s", error)
        except BaseException:
            self._claim.close()
            raise
        spool = Spool(self._claim.folder / SPOOL, spool_bytes)
        self.writer = RecordWriter(self._prepare, self._write, spool, wait_s)

    def close(self) -> None:
        """Write what waits and let go of the database."""
        self.writer.close()
        self.engine.dispose()
        self._claim.close()

    def _prepare(self) -> None:
        migrate(self.engine)

    def _write(self, records: list[InspectionRecord]) -> None:
        write_records(self.engine, records)
