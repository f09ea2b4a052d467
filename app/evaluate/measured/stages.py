"""Seconds per stage of an evaluation."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class StageTimes:
    """Adds up the seconds of each stage, also of stages that run on several threads at a time."""

    def __init__(self, before: Mapping[str, float] | None = None) -> None:
        self._lock = threading.Lock()
        self._seconds = dict(before or {})

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            with self._lock:
                self._seconds[name] = self._seconds.get(name, 0.0) + took

    @property
    def seconds(self) -> dict[str, float]:
        return dict(self._seconds)
