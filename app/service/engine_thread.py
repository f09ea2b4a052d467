"""The one thread that touches the accelerator, fed in small pieces: inspection always before registration."""

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import IntEnum
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")


class Priority(IntEnum):
    """Which piece goes first; equal ones in the order they came."""

    INSPECTION = 0
    REGISTRATION = 1
    STOP = 2


class EngineThread:
    """Runs pieces of work one at a time. A piece is at most one forward pass or one search chunk."""

    def __init__(self) -> None:
        self._order = itertools.count()
        self._pieces: queue.PriorityQueue[tuple[Priority, int, Callable[[], Any], Future[Any]]] = queue.PriorityQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    def run(self, priority: Priority, piece: Callable[..., Result], *arguments: object) -> Result:
        """Queue a piece, called with the arguments, and wait for its result; what it raises is raised here."""
        outcome: Future[Result] = Future()
        with self._closing:
            if self._closed:
                raise RuntimeError("the engine thread has ended")
            self._pieces.put((priority, next(self._order), partial(piece, *arguments), outcome))
        return outcome.result()

    @property
    def waiting(self) -> int:
        """Pieces that wait for their turn."""
        return self._pieces.qsize()

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._closing:
            self._closed = True
            self._pieces.put((Priority.STOP, next(self._order), lambda: None, Future()))
        self._thread.join()

    def _work(self) -> None:
        while True:
            priority, _, piece, outcome = self._pieces.get()
            if priority is Priority.STOP:
                return
            try:
                outcome.set_result(piece())
            except BaseException as error:
                outcome.set_exception(error)
