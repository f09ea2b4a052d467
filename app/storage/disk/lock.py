"""Locks between threads and between processes.

`flock` belongs to the open file, and every acquisition opens the file anew: so threads of one process exclude each
other as processes do, and the kernel releases the lock of a process that dies. One that is stopped, or whose disk
hangs, keeps it: so nobody waits without limit.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from app.errors import NotFound, StorageUnavailable
from app.storage.disk.durable import explained
from app.storage.disk.layout import StoreLayout
from app.storage.jobs import job_not_found
from app.storage.refusals import product_not_found

WAIT_S = 30.0
"""Longer than a healthy process holds a lock: some fsyncs, a few answers of Redis at 5 s at most."""

FIRST_PAUSE_S = 0.001
LAST_PAUSE_S = 0.02


class LockHeld(StorageUnavailable):
    """Somebody else has held a lock for as long as it was waited for."""


@contextmanager
def file_lock(path: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Held by one thread of one process at a time. The file is made where there is none; its folder must be there.

    LockHeld after `wait_s`.
    """
    with explained(path):
        descriptor = _acquired(path, wait_s)
    try:
        yield
    finally:
        os.close(descriptor)


def store_lock(layout: StoreLayout) -> AbstractContextManager[None]:
    """Held to create products and to change what belongs to the whole store. LockHeld. Taken before a product's."""
    return file_lock(layout.lock)


def product_lock(layout: StoreLayout, product_id: str, wait_s: float = WAIT_S) -> AbstractContextManager[None]:
    """Held to change one product. ProductNotFound when there is none, or when it was deleted while waiting.

    LockHeld after `wait_s`.
    """
    return _lock_inside(layout.product_lock(product_id), product_not_found(product_id), wait_s)


def job_lock(layout: StoreLayout, job_id: str) -> AbstractContextManager[None]:
    """Held to change one job. JobNotFound when there is none, or when it was deleted while waiting; LockHeld."""
    return _lock_inside(layout.job_lock(job_id), job_not_found(job_id), WAIT_S)


@contextmanager
def _lock_inside(path: Path, gone: NotFound, wait_s: float) -> Iterator[None]:
    """A lock in the folder of what it protects; `gone` where that is no more."""
    with explained(path):
        try:
            descriptor = _acquired(path, wait_s)
        except FileNotFoundError:
            raise gone from None
    try:
        yield
    finally:
        os.close(descriptor)


def _acquired(path: Path, wait_s: float) -> int:
    """Descriptor of the locked file that lies at `path` now. FileNotFoundError when its folder is gone; LockHeld."""
    give_up_s = time.monotonic() + wait_s
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor, path, give_up_s)
            if _lies_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path, give_up_s: float) -> None:
    # The kernel waits with a limit for nobody, and a signal that ended its wait would reach the main thread only.
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= give_up_s:
                raise _held(path) from None
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LAST_PAUSE_S)


def _held(path: Path) -> LockHeld:
    return LockHeld(
        f"Another process holds the lock {path}. Repeat the request. If that does not help, look for a process of this "
        "service that is stopped or whose disk hangs (lsof names it), and end it."
    )


def _lies_at(descriptor: int, path: Path) -> bool:
    # The folder may have been renamed away, and even made again, while this one waited for the lock.
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
