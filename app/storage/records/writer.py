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
from typing import Literal

from sqlalchemy.exc import DataError, IntegrityError

from app.errors import StorageFull, StorageUnavailable
from app.storage.records.kept import Kept
from app.storage.records.spool import Spool
from app.storage.records.writing import reason

logger = logging.getLogger(__name__)

TOGETHER = 200
"""Records of one commit at most."""

RETRY_S = 1.0
"""How long the database is left alone after it failed."""

UNSTORABLE = (DataError, IntegrityError, ValueError, TypeError, OverflowError)
"""What says that a record cannot be written, however often it is tried; all else is the database's state."""

Write = Callable[[list[Kept]], object]
Outcome = Literal["written", "away", "lost"]


@dataclass(slots=True)
class Waiting:
    """A record on its way to the database. `spooled`: its caller waits no longer, and has put it into the spool."""

    record: Kept
    outcome: Future[Outcome] = field(default_factory=Future)
    spooled: bool = False


@dataclass(frozen=True, slots=True)
class WriterState:
    """`away`: the database failed at last; `spool_bytes` wait on the disk; `lost`: records that found no room there or
    that no database takes, since the start, and those kept aside because nobody can read them; `commit_s`: how long the
    commit of now has lasted, 0 without one."""

    away: bool
    spool_bytes: int
    lost: int
    commit_s: float

    @property
    def all_written(self) -> bool:
        """Whether every record of this process is in the database."""
        return not self.away and not self.spool_bytes and not self.lost


class RecordWriter:
    """Keeps records: in the database, or while that is slow, full or away in the spool, from where they follow."""

    def __init__(self, prepare: Callable[[], None], write: Write, spool: Spool, wait_s: float) -> None:
        """`prepare` makes the database ready, again and again until it succeeds; `write` commits records. Both raise
        where the database cannot be used, the latter `UNSTORABLE` where a record is at fault. `wait_s`: how long a
        record may keep its caller waiting."""
        self._prepare, self._write, self._spool, self._wait_s = prepare, write, spool, wait_s
        self._changed = threading.Condition()
        self._waiting: deque[Waiting] = deque()
        self._closed = False
        self._is_prepared = False
        self._away_until: float | None = None
        self._busy_since: float | None = None
        self._lost = 0
        self._thread = threading.Thread(target=self._work, name="records", daemon=True)
        self._thread.start()

    def keep(self, record: Kept) -> bool:
        """Have a record written, and wait for it. False where it was not within `wait_s`: then it is in the spool (an
        inspection flagged `unrecorded`), or lost where neither takes it, which is logged and counted."""
        with self._changed:
            waiting = None if self._is_slow else Waiting(record)
            if waiting:
                self._waiting.append(waiting)
                self._changed.notify()
        try:
            outcome = waiting.outcome.result(self._wait_s) if waiting else "away"
        except NotYet:
            outcome = "away"
        if outcome == "away":
            self._put(record.late())
            if waiting:
                waiting.spooled = True
        return outcome == "written"

    @property
    def state(self) -> WriterState:
        with self._changed:
            commit_s = 0.0 if self._busy_since is None else time.monotonic() - self._busy_since
            return WriterState(
                self._away_until is not None, self._spool.size_bytes, self._lost + self._spool.unreadable, commit_s
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
            except Exception as error:  # whatever it is: the thread is the only one, and tries again
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
                lost = self._commit([each.record for each in some])
            except Exception:
                for each in some:
                    each.outcome.set_result("away")
                raise
            for each in some:
                each.outcome.set_result("lost" if each.record.name in lost else "written")

    def _drain(self) -> None:
        """Bring the records of the spool to the database; those that come meanwhile need not wait for all of them."""
        if self._spool.is_empty:
            return
        count = 0
        with self._spool.taking() as groups:
            for group in groups:
                count += len(group) - len(self._commit(group))
                self._commit_waiting()
        logger.info("%d records that had waited on the disk are written", count)

    def _commit(self, records: list[Kept]) -> set[str]:
        """Write records in one commit; where one of them is none that a database takes, each in its own. The names
        of those that are lost so. What else the database raises is raised."""
        try:
            self._timed(records)
        except UNSTORABLE as error:
            if len(records) > 1:
                return {name for each in records for name in self._commit([each])}
            self._lose(records[0], error)
            return {records[0].name}
        return set()

    def _timed(self, records: list[Kept]) -> None:
        with self._changed:
            self._busy_since = time.monotonic()
        try:
            self._write(records)
        finally:
            with self._changed:
                self._busy_since = None

    def _failed(self, error: Exception) -> None:
        if self._away_until is None:
            logger.error("records cannot be written and wait on the disk: %s", reason(error))
        with self._changed:
            self._away_until = time.monotonic() + RETRY_S
            left = [*self._waiting]
            self._waiting.clear()
        for each in left:
            each.outcome.set_result("away")

    def _is_back(self) -> None:
        if self._away_until is not None:
            logger.info("records are written again")
        with self._changed:
            self._away_until = None

    def _put(self, record: Kept) -> None:
        try:
            self._spool.put(record)
        except (StorageFull, StorageUnavailable) as error:
            self._lose(record, error)
            return
        with self._changed:
            self._changed.notify()

    def _lose(self, record: Kept, error: Exception) -> None:
        with self._changed:
            self._lost += 1
        logger.error("the record of %s is lost: %s", record.name, reason(error))
