"""The records, opened: SQLite in a folder, or PostgreSQL."""

import logging
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app.errors import StorageFull, StorageUnavailable
from app.storage.records.changes.reader import ChangeReader
from app.storage.records.database import (
    Claim,
    claim_of_spool,
    claim_of_sqlite,
    claims_of_the_dead,
    migrate,
    postgres_url,
    records_engine,
    sqlite_url,
)
from app.storage.records.feedback import FeedbackTable
from app.storage.records.kept import Kept
from app.storage.records.reading import RecordReader
from app.storage.records.spool import Spool
from app.storage.records.writer import RecordWriter
from app.storage.records.writing import forget_product, reason, write_records

logger = logging.getLogger(__name__)

SPOOL = "spool"


class Records:
    """What was inspected, what people say of it, and what was changed: readers, and a writer."""

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
        self._engine = records_engine(address)
        try:
            spool = _spool(self._claim, folder, spool_bytes)
            self._prepare_at_once()
        except BaseException:
            self._claim.close()
            raise
        self.reader, self.changes = RecordReader(self._engine), ChangeReader(self._engine)
        self.feedback = FeedbackTable(self._engine)
        self.writer = RecordWriter(self._prepare, self._write, spool, wait_s)

    def forget(self, product_id: str) -> None:
        """Delete the records of a product. StorageUnavailable: not now, and some may be left."""
        state = self.writer.state
        if state.away or state.spool_bytes:
            raise StorageUnavailable("Records wait to be written, which may be of this product. Repeat the deletion.")
        try:
            forget_product(self._engine, product_id)
        except SQLAlchemyError as error:
            logger.error("records of %s cannot be deleted: %s", product_id, reason(error))
            raise StorageUnavailable("The records cannot be changed now. Repeat the deletion.") from error

    def close(self) -> None:
        """Write what waits and let go of the database."""
        self.writer.close()
        self._engine.dispose()
        self._claim.close()

    def _prepare_at_once(self) -> None:
        try:
            self._prepare()
        except SQLAlchemyError as error:
            logger.error("the records' database cannot be used yet; inspections go on: %s", reason(error))

    def _prepare(self) -> None:
        migrate(self._engine)

    def _write(self, records: list[Kept]) -> None:
        write_records(self._engine, records)


def _spool(claim: Claim, folder: Path, most_bytes: int) -> Spool:
    """This process's own, with what waits in those of processes that are no more."""
    spool = Spool(claim.folder / SPOOL, most_bytes)
    for left in claims_of_the_dead(folder):
        try:
            spool.inherit(Spool(left.folder / SPOOL, most_bytes))
        except (StorageFull, StorageUnavailable) as error:
            logger.error("records of an ended process stay in %s: %s", left.folder, error.message)
    return spool
