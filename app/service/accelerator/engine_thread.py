"""The one thread that touches the accelerator, fed in small pieces: inspection always before everything else."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from enum import Enum
from functools import partial
from typing import Any, TypeVar

from app.errors import Draining

Result = TypeVar("Result")
Piece = tuple[Callable[[], Any], Future[Any]]


class Priority(Enum):
    """Which piece goes first: the earlier member's; equal ones in the order they came."""

    INSPECTION = "inspection"
    LOADING = "loading"
    REGISTRATION = "registration"
    JOB = "job"


class EngineThread:
    """Runs pieces of work one at a time. A piece is at most one forward pass or one search chunk.

    An inspection needs several pieces. While it is under way no other piece is begun in the gaps between them, but one
    may be for each inspection that ends: an inspection waits for one piece at most, and the others go on however busy
    the line is, loads first, then registrations, then jobs.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pieces: dict[Priority, deque[Piece]] = {priority: deque() for priority in Priority}
        self._inspections_under_way = 0
        self._other_due = False
        self._refused: set[Priority] = set()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    @contextmanager
    def inspecting(self) -> Iterator[None]:
        """Holds other pieces back until the inspection has ended. One queued inside would wait for ever."""
        with self._changed:
            self._inspections_under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._inspections_under_way -= 1
                self._other_due = True
                self._changed.notify()

    def run(self, priority: Priority, piece: Callable[..., Result], *arguments: object) -> Result:
        """Queue a piece, called with the arguments, and wait for its result; what it raises is raised here.

        Raises:
            Draining: the service is stopping, and takes no such piece any more.
        """
        outcome: Future[Result] = Future()
        with self._changed:
            if self._closed or priority in self._refused:
                raise draining()
            self._pieces[priority].append((partial(piece, *arguments), outcome))
            self._changed.notify()
        return outcome.result()

    def refuse(self, priority: Priority) -> None:
        """Take no such pieces any more and refuse those that wait: none must hold up a stop."""
        with self._changed:
            self._refused.add(priority)
            refused = list(self._pieces[priority])
            self._pieces[priority].clear()
        for _, outcome in refused:
            outcome.set_exception(draining())

    @property
    def waiting(self) -> int:
        """Pieces that wait for their turn."""
        return sum(map(len, self._pieces.values()))

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while next_piece := self._next():
            piece, outcome = next_piece
            try:
                outcome.set_result(piece())
            except BaseException as error:
                outcome.set_exception(error)
            del next_piece, piece, outcome  # they hold images and banks, and the next piece may be long in coming

    def _next(self) -> Piece | None:
        """The piece whose turn it is, as soon as there is one; None when closed and done."""
        with self._changed:
            while True:
                if self._pieces[Priority.INSPECTION]:
                    return self._pieces[Priority.INSPECTION].popleft()
                other = next(filter(None, self._pieces.values()), None)
                if other and (self._closed or self._other_due or not self._inspections_under_way):
                    self._other_due = False
                    return other.popleft()
                if self._closed:
                    return None
                self._changed.wait()


def draining() -> Draining:
    """What work that a stop cuts short ends with."""
    return Draining(
        "The service is stopping. Send the request again: another instance, or this one restarted, takes it."
    )
