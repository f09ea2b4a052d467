"""Waiting for what comes about by itself, with a deadline."""

import time
from collections.abc import Callable

LEARNT_WITHIN_S = 20.0


def until(reached: Callable[[], bool]) -> bool:
    """Whether it is reached before the deadline."""
    deadline = time.monotonic() + LEARNT_WITHIN_S
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
