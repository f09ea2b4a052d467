"""Waiting for what other threads do."""

import time
from collections.abc import Callable

LIMIT_S = 60


def wait_until(true: Callable[[], bool]) -> None:
    """AssertionError where it does not come true in a time that suffices on any machine."""
    deadline = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)
