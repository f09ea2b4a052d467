"""Bounded ways into the service: each has its own threads and a limit on how many requests wait or run in it."""

import asyncio
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

from app.errors import Overloaded
from app.service.deadline import NO_DEADLINE, Deadline
from app.service.turns import Turns
from app.settings import Settings

P = ParamSpec("P")
Result = TypeVar("Result")

NEWEST_SHARE = 0.2
"""Weight of the newest request in the running mean of the time that one takes."""

LONGEST_RETRY_S = 300
ADMIN_THREADS, ADMIN_LIMIT = 4, 64


@dataclass(frozen=True, slots=True)
class _Call:
    """What waits for a thread, and what comes of it."""

    function: Callable[[], Any]
    outcome: Future[Any]

    def settle(self) -> None:
        if not self.outcome.set_running_or_notify_cancel():
            return
        try:
            self.outcome.set_result(self.function())
        except BaseException as error:
            self.outcome.set_exception(error)
            del self  # as above


class Lane:
    """`threads` requests run, `limit` wait or run; one more is refused at once. Those that wait have their turns with
    whomever they are for. Used from the event loop only."""

    def __init__(self, name: str, threads: int, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.occupied = 0
        self.limit = limit
        self._clock = clock
        self._ahead = 0
        self._last_done = -math.inf
        self.mean_s: float | None = None
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._turns = Turns[_Call]()
        self._taking = threading.Lock()

    @contextmanager
    def admitted(self, deadline: Deadline = NO_DEADLINE, whose: str = "") -> Iterator[None]:
        """Holds a place in the lane, from before the body is read until the answer is made. `whose`: as in `run_for`.

        Raises:
            Overloaded: all places are taken, or those ahead would take it beyond its deadline; carries the time after
                which they should be done.
            DeadlineExceeded: its time has passed already.
        """
        deadline.check()
        if self.occupied >= self.limit:
            raise Overloaded(
                f"All {self.limit} places for {self.name} are taken. Send the request again later.",
                retry_after_s=self._retry_after_s(),
            )
        ahead = self._ahead_of(whose)
        wait_s = ahead * (self.mean_s or 0.0)  # nothing while no request has been seen: `limit` bounds these
        if wait_s > deadline.left_s:
            raise Overloaded(
                f"{ahead} {self.name} are ahead, which should take {wait_s:.1f} s: longer than this one may wait. Send "
                "the request again later.",
                retry_after_s=self._retry_after_s(),
            )
        self.occupied += 1
        try:
            yield
        finally:
            self.occupied -= 1

    async def run(self, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Runs the function on one of the lane's threads."""
        return await self.run_for("", partial(function, *args, **kwargs))

    async def run_for(self, whose: str, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """The same; while requests wait, whoever has many of them gets no more turns than whoever has one."""
        came = self._clock()
        self._ahead += 1
        outcome: Future[Result] = Future()
        try:
            with self._taking:
                self._turns.add(whose, _Call(partial(function, *args, **kwargs), outcome))
            self._pool.submit(self._take_turn)
            result = await asyncio.wrap_future(outcome)
        finally:
            del outcome  # an error in it refers to this frame: a circle that would keep the image
            self._ahead -= 1
        self._count(came)
        return result

    async def call(self, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Takes a place and runs the function."""
        with self.admitted():
            return await self.run(function, *args, **kwargs)

    def _count(self, came: float) -> None:
        """A request that came then is done. It took the lane from then on, or from when the one before it was done:
        however many run at once, that is what one of them adds to the wait."""
        now = self._clock()
        took_s, self._last_done = now - max(came, self._last_done), now
        self.mean_s = took_s if self.mean_s is None else self.mean_s + NEWEST_SHARE * (took_s - self.mean_s)

    def _take_turn(self) -> None:
        with self._taking:
            call = self._turns.take()
        if call:
            call.settle()
        del call  # as above

    def _ahead_of(self, whose: str) -> int:
        """How many requests are done before one that came now."""
        with self._taking:
            return self._ahead - len(self._turns) + self._turns.before(whose)

    def _retry_after_s(self) -> int:
        wait_s = self.occupied * (1.0 if self.mean_s is None else self.mean_s)
        return min(LONGEST_RETRY_S, max(1, math.ceil(wait_s)))

    def close(self) -> None:
        """Waits for what runs; what still waits is dropped."""
        self._pool.shutdown(cancel_futures=True)
        with self._taking:
            for call in iter(self._turns.take, None):
                call.outcome.cancel()


@dataclass(frozen=True, slots=True)
class Lanes:
    """Inspections, registrations (and whatever makes a bank), jobs on their way in, and everything quick: none takes
    another's threads.

    `loading` has places only: requests that wait for a bank, which is loaded on the service's own threads.
    """

    inspection: Lane
    loading: Lane
    registration: Lane
    jobs: Lane
    admin: Lane

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Lanes sized for this machine and these settings."""
        cores = settings.threads or os.cpu_count() or 1
        return cls(
            Lane("inspections", min(2 * cores + 2, settings.max_queue), settings.max_queue),
            Lane("requests that wait for a bank", 1, settings.max_queue),
            Lane("registrations", min(cores + 1, settings.max_registrations), settings.max_registrations),
            Lane("jobs", 1, settings.max_jobs),
            Lane("administration", ADMIN_THREADS, ADMIN_LIMIT),
        )

    def close(self) -> None:
        """Waits for what runs in any lane."""
        for lane in (self.inspection, self.loading, self.registration, self.jobs, self.admin):
            lane.close()
