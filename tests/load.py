"""Callers that go on and on, each with at most one request under way, and what they were answered."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

BROKEN = 0
"""The status of a request that got no answer."""


@dataclass(slots=True)
class Load:
    """`answers`: what the requests were answered, in that order; None where the connection broke."""

    answers: list[httpx2.Response | None] = field(default_factory=list)

    def failures(self) -> list[int]:
        """The statuses of those that failed."""
        statuses = [BROKEN if answer is None else answer.status_code for answer in self.answers]
        return [status for status in statuses if not 200 <= status < 300]

    def bodies(self) -> list[dict[str, Any]]:
        """What the successful ones said."""
        return [answer.json() for answer in self.answers if answer is not None and answer.is_success]


@contextmanager
def load(callers: int, request: Callable[[int], httpx2.Response]) -> Iterator[Load]:
    """`callers` threads call `request(their number)` without a pause until the end of the block."""
    running, stop = Load(), threading.Event()

    def go_on(caller: int) -> None:
        while not stop.is_set():
            try:
                answer = request(caller)
            except httpx2.TransportError:
                running.answers.append(None)
                stop.wait(0.1)
            else:
                running.answers.append(answer)
                stop.wait(0 if answer.is_success else 0.1)

    with ThreadPoolExecutor(callers) as pool:
        going = [pool.submit(go_on, caller) for caller in range(callers)]
        try:
            yield running
        finally:
            stop.set()
    for caller in going:
        caller.result()
