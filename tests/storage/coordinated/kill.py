"""A process that is killed between two lines of the store's code."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import app.storage

STORAGE = str(Path(app.storage.__path__[0]))


T = TypeVar("T")


def killed_before_line(number: int, open_store: Callable[[], T], act: Callable[[T], object]) -> bool:
    """Open a store and `act` on it in a new process, killed before the `number`-th line that `act` runs of the store.

    False when it has ended before, as it should.
    """
    child = os.fork()
    if child == 0:
        _run_until(number, open_store, act)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the request failed by itself"
    return os.WIFSIGNALED(status)


def _run_until(number: int, open_store: Callable[[], T], act: Callable[[T], object]) -> None:
    left = number

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return count if frame.f_code.co_filename.startswith(STORAGE) else None

    status = 1
    try:
        store = open_store()
        sys.settrace(count)
        act(store)
        status = 0
    finally:
        sys.settrace(None)
        os._exit(status)
