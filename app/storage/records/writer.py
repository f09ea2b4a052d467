"""The one thread that writes records: those that came meanwhile go into one commit, and into the spool while the
database is away."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from app.errors import ConfigurationError, StorageFull, StorageUnavailable
from app.storage.records.record import InspectionRecord
from app.storage.records.spool import Spool

logger = logging.getLogger(__name__)

TOGETHER = 200
"""Records of one commit at most."""

RETRY_S = 1.0
"""How long the database is left alone after it failed."""

Write = Callable[[list[InspectionRecord]], object]


@dataclass(slots=True)
class Waiting:
    """A record on its way to the database. `spooled`: its caller waits no longer, and has put it into the spool."""

    record: InspectionRecord
    written: Future[None] = field(default_factory=Future)
    spooled: bool = False


@dataclass(frozen=True, slots=True)
class WriterState:
    """`away`: the database failed at last; `spool_bytes` wait on the disk; `dropped`: records that found no room there,
    since the start; `lag_s`: how long the oldest one has waited for its commit."""

    away: bool
    spool_bytes: int
    dropped: int
    lag_s: float


class RecordWriter:
    """Keeps records: in the database, or while that is slow, full or away in the spool, from where they follow."""

    def __init__(self, prepare: Callable[[], None], write: Write, spool: Spool, wait_s: float) -> None:
        """`prepare` makes the database ready, again and again until it succeeds; `write` commits records. Both raise
        SQLAlchemyError where the database cannot be used. `wait_s`: how long a record may keep its caller waiting."""
        self._prepare, self._write, self._spool, self._wait_s = prepare, write, spool, wait_s
        self._changed = threading.Condition()
        self._waiting: deque[Waiting] = deque()
        self._closed = False
        self._is_prepared = False
        self._away_until: float | None = None
        self._busy_since: float | None = None
        self._dropped = 0
        self._thread = threading.Thread(target=self._work, name="records", daemon=True)
        self._thread.start()

    def keep(self, record: InspectionRecord) -> bool:
        """Have a record written, and wait for it. False where it was not within `wait_s`: then it is in the spool, or
        dropped where the spool has no room, which is logged and counted."""
        with self._changed:
            if self._is_slow:
                waiting = None
            else:
                waiting = Waiting(record)
                self._waiting.append(waiting)
                self._changed.notify()
        if waiting is not None:
            try:
                waiting.written.result(self._wait_s)
                return True
            except NotYet:
                waiting.spooled = True
            except SQLAlchemyError:
                pass  # the thread has told
        self._put(record)
        return False

    @property
    def state(self) -> WriterState:
        with self._changed:
            busy = self._busy_since
            return WriterState(
                self._away_until is not None,
                self._spool.size_bytes,
                self._dropped,
                0.0 if busy is None else time.monotonic() - busy,
            )

    def close(self) -> None:
        """Write what waits, then end the thread; what the database does not take now stays in the spool."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    @property
    def _is_slow(self) -> bool:
        busy = self._busy_since
        return (
            self._closed
            or self._away_until is not None
            or (busy is not None and time.monotonic() - busy > self._wait_s)
        )

    def _work(self) -> None:
        while self._next():
            try:
                if not self._is_prepared:
                    self._prepare()
                    self._is_prepared = True
                self._commit_waiting()
                self._drain()
            except (SQLAlchemyError, StorageUnavailable, StorageFull, ConfigurationError) as error:
                self._failed(error)
            else:
                self._is_back()

    def _next(self) -> bool:
        """Wait until there is something to write, or it is time to see whether the database is back. False: closed."""
        with self._changed:
            while not (self._waiting or self._closed or self._follows):
                self._changed.wait(RETRY_S)
            return bool(self._waiting) or not self._closed

    @property
    def _follows(self) -> bool:
        rested = self._away_until is None or time.monotonic() >= self._away_until
        return rested and (self._away_until is not None or not self._is_prepared or not self._spool.is_empty)

    def _commit_waiting(self) -> None:
        """What waits for an answer, in one commit."""
        with self._changed:
            some = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
        if some := [each for each in some if not each.spooled]:
            try:
                self._timed([each.record for each in some])
            except SQLAlchemyError as error:
                for each in some:
                    each.written.set_exception(error)
                raise
            for each in some:
                each.written.set_result(None)

    def _drain(self) -> None:
        """Bring the records of the spool to the database; those that come meanwhile need not wait for all of them."""
        if self._spool.is_empty:
            return
        count = 0
        with self._spool.taking() as groups:
            for group in groups:
                self._timed(group)
                count += len(group)
                self._commit_waiting()
        logger.info("%d records that had waited on the disk are written", count)

    def _timed(self, records: list[InspectionRecord]) -> None:
        with self._changed:
            self._busy_since = time.monotonic()
        try:
            self._write(records)
        finally:
            with self._changed:
                self._busy_since = None

    def _failed(self, error: Exception) -> None:
        if self._away_until is None:
            logger.error("records cannot be written and wait on the disk: %s", error)
        with self._changed:
            self._away_until = time.monotonic() + RETRY_S
            left = [*self._waiting]
            self._waiting.clear()
        for each in left:
            each.written.set_exception(SQLAlchemyError("the database is away"))

    def _is_back(self) -> None:
        if self._away_until is not None:
            logger.info("records are written again")
        with self._changed:
            self._away_until = None

    def _put(self, record: InspectionRecord) -> None:
        try:
            self._spool.put(record)
        except (StorageFull, StorageUnavailable) as error:
            with self._changed:
                self._dropped += 1
            logger.error("the record of inspection %s is lost: %s", record.inspection_id, error.message)
            return
        with self._changed:
            self._changed.notify()
