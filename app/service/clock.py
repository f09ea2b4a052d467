"""The time of day, and the time that stages take."""

import time
from datetime import UTC, datetime


def now() -> str:
    """The time as RFC 3339, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def age_s(moment: str) -> float:
    """Seconds since a moment that `now` gave, here or on another machine."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


class StageClock:
    """Milliseconds per stage, in the order in which the stages ended. A stage begins where the one before it ended, so
    together they are all of the time since the clock was started."""

    def __init__(self, started: float | None = None) -> None:
        """`started`: when (`time.perf_counter`); None: now."""
        self.timings_ms: dict[str, float] = {}
        self._lap_began = time.perf_counter() if started is None else started

    def ended(self, stage: str) -> None:
        """A stage ends now. One that ends twice adds up."""
        moment = time.perf_counter()
        self.timings_ms[stage] = self.timings_ms.get(stage, 0.0) + 1000 * (moment - self._lap_began)
        self._lap_began = moment
