"""The time of day, and the time that stages take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def now() -> str:
    """The time as RFC 3339, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def age_s(moment: str) -> float:
    """Seconds since a moment that `now` gave, here or on another machine."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


class StageClock:
    """Milliseconds per stage, in the order in which the stages ran."""

    def __init__(self) -> None:
        self.timings_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.since(name, started)

    def since(self, name: str, started: float) -> None:
        """A stage that ends now and was begun at `started` (`time.perf_counter`)."""
        self.timings_ms[name] = 1000 * (time.perf_counter() - started)
