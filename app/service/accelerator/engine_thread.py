"""The one thread that touches the accelerator, fed in small pieces: inspection first, with a share for all else."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, TypeVar

from app.errors import Draining
from app.service.accelerator.background_share import BackgroundShare

Result = TypeVar("Result")

MOST_PASSED_OVER = 2
"""So often others go before the piece that has waited longest, inspections apart: a storm of loads must not stop a
registration."""


class Priority(Enum):
    """Which piece goes first: the earlier member's; equal ones in the order they came."""

    INSPECTION = "inspection"
    LOADING = "loading"
    REGISTRATION = "registration"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Piece:
    """Work to be called on the engine thread; `number` counts the pieces as they came."""

    number: int
    priority: Priority
    call: Callable[[], Any]
    outcome: Future[Any]

    def settle(self) -> None:
        """Run it; what comes of it is its outcome."""
        try:
            self.outcome.set_result(self.call())
        except BaseException as error:
            self.outcome.set_exception(error)


class EngineThread:
    """Runs pieces of work one at a time. A piece is at most one forward pass or one search chunk.

    An inspection needs several pieces. While it is under way no other piece is begun or gone on with, but where others
    are due their share of the time (`BackgroundShare`). Among these, loads go before registrations and those before
    jobs, except that the one that has waited longest has every third turn.
    """

    def __init__(self, background_share: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`background_share` (0..1) of the engine's time is for what is no inspection, once that waits."""
        self._changed = threading.Condition()
        self._pieces: dict[Priority, deque[Piece]] = {priority: deque() for priority in Priority}
        self._came = 0
        self._passed_over = 0
        self._inspections_under_way = 0
        self._running: Piece | None = None
        self._suspended: Piece | None = None
        self._share = BackgroundShare(background_share)
        self._clock = clock
        self._accounted_until = clock()
        self._refused: set[Priority] = set()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    @contextmanager
    def inspecting(self) -> Iterator[None]:
        """Holds other pieces back until the inspection has ended. One queued inside would wait for ever."""
        with self._changed:
            self._account()
            self._inspections_under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._account()
                self._inspections_under_way -= 1
                self._share.inspection_ended()
                self._changed.notify()

    def run(self, priority: Priority, piece: Callable[..., Result], *arguments: object) -> Result:
        """Queue a piece, called with the arguments, and wait for its result; what it raises is raised here.

        Raises:
            Draining: the service is stopping, and takes no such piece any more.
        """
        return self.begin(priority, piece, *arguments).result()

    def begin(self, priority: Priority, piece: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Queue a piece, called with the arguments, and go on; what comes of it. Draining: as `run`."""
        outcome: Future[Result] = Future()
        with self._changed:
            if self._closed or priority in self._refused:
                raise draining()
            self._account()
            self._came += 1
            self._pieces[priority].append(Piece(self._came, priority, partial(piece, *arguments), outcome))
            self._changed.notify()
        return outcome

    def let_inspections_through(self) -> None:
        """To be called between the steps of a piece: where it is no inspection's, inspections go on first."""
        if threading.current_thread() is not self._thread or self._is_inspecting:
            return
        self._suspended = self._running
        while inspection := self._next():
            inspection.settle()
            del inspection
        self._suspended = None

    def refuse(self, priority: Priority) -> None:
        """Take no such pieces any more and refuse those that wait: none must hold up a stop."""
        with self._changed:
            self._refused.add(priority)
            refused = list(self._pieces[priority])
            self._pieces[priority].clear()
        for piece in refused:
            piece.outcome.set_exception(draining())

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
        while piece := self._next():
            piece.settle()
            del piece  # it holds images and banks, and the next one may be long in coming

    def _next(self) -> Piece | None:
        """The piece whose turn it is, as soon as there is one. None when closed and done, or when it is the turn of the
        suspended one."""
        with self._changed:
            self._account()
            self._running = None
            while True:
                others = self._suspended is not None or self._others_wait
                if self._pieces[Priority.INSPECTION] and not (others and self._share.due):
                    self._running = self._pieces[Priority.INSPECTION].popleft()
                    return self._running
                if others and (self._share.due or self._closed or not self._inspections_under_way):
                    self._running = self._suspended or self._other()
                    return None if self._suspended else self._running
                if self._closed:
                    return None
                self._changed.wait()
                self._account()

    def _other(self) -> Piece:
        waiting = [queue for priority, queue in self._pieces.items() if queue and priority != Priority.INSPECTION]
        longest = min(waiting, key=lambda queue: queue[0].number)
        if longest is waiting[0] or self._passed_over == MOST_PASSED_OVER:
            self._passed_over = 0
            return longest.popleft()
        self._passed_over += 1
        return waiting[0].popleft()

    @property
    def _others_wait(self) -> bool:
        return any(queue for priority, queue in self._pieces.items() if priority != Priority.INSPECTION)

    @property
    def _is_inspecting(self) -> bool:
        return self._running is not None and self._running.priority == Priority.INSPECTION

    def _account(self) -> None:
        """Put down who had the engine since the last time."""
        now = self._clock()
        took_s, self._accounted_until = now - self._accounted_until, now
        line_is_busy = self._inspections_under_way > 0 or bool(self._pieces[Priority.INSPECTION])
        if self._running is not None and not self._is_inspecting:
            self._share.others_used(took_s, line_waited=line_is_busy)
        elif line_is_busy and (self._suspended is not None or self._others_wait):
            self._share.others_waited(took_s)


def draining() -> Draining:
    """What work that a stop cuts short ends with."""
    return Draining(
        "The service is stopping. Send the request again: another instance, or this one restarted, takes it."
    )
