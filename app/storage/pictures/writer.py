"""Writing pictures beside the inspection that waits for them."""

import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

from app.errors import InspectorError, StorageUnavailable
from app.storage.disk.durable import make_folder, write_durably

logger = logging.getLogger(__name__)

WRITERS = 8
"""Files at a time: while one waits for the disk, others are prepared, and the disk takes several at once."""

WAIT_S = 2.0
"""So long an inspection waits at most: a photograph of 20 MB on a slow disk."""


class PictureWriter:
    """Writes the files of one inspection, on threads of its own, so that a disk that hangs holds up nobody for long."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        """`wait_s`: how long a caller may be kept waiting."""
        self._wait_s = wait_s
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="pictures")
        self._guard = threading.Lock()
        self._since: dict[Path, float] = {}
        self._lost = 0
        self._failing = False

    @property
    def lost(self) -> int:
        """How often files were not written, since the start."""
        return self._lost

    def write(self, files: Mapping[Path, bytes]) -> bool:
        """Write all of them, durably. False where one was not written in time, or not at all: then the others are of
        no use, and go as the limits have it."""
        try:
            self._written(files)
        except InspectorError as error:
            self._failed(error)
            return False
        if self._failing:
            logger.info("pictures are written again")
            self._failing = False
        return True

    def close(self) -> None:
        """Wait for what is being written."""
        self._pool.shutdown()

    def _written(self, files: Mapping[Path, bytes]) -> None:
        if self._is_stuck:
            raise StorageUnavailable("the disk is too slow, or hangs")
        futures: list[Future[None]] = [self._pool.submit(self._write, path, data) for path, data in files.items()]
        late = wait(futures, self._wait_s).not_done
        for each in late:
            each.cancel()
        if late:
            raise StorageUnavailable(f"the disk took longer than {self._wait_s:g} s")
        try:
            for each in futures:
                each.result()
        except InspectorError:
            for path in files:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            raise

    @property
    def _is_stuck(self) -> bool:
        with self._guard:
            return any(time.monotonic() - since > self._wait_s for since in self._since.values())

    def _write(self, path: Path, data: bytes) -> None:
        with self._guard:
            self._since[path] = time.monotonic()
        try:
            make_folder(path.parent)
            write_durably(path, data)
        finally:
            with self._guard:
                del self._since[path]

    def _failed(self, error: InspectorError) -> None:
        with self._guard:
            self._lost += 1
            first, self._failing = not self._failing, True
        if first:
            logger.error("pictures cannot be written; inspections go on, flagged picture_lost: %s", error.message)
