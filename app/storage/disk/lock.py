"""Locks between threads and between processes.

`flock` belongs to the open file, and every acquisition opens the file anew: so threads of one process exclude each
other as processes do, and the kernel releases the lock of a process that dies.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from app.storage.disk.durable import explained
from app.storage.disk.layout import StoreLayout
from app.storage.refusals import product_not_found


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Held by one thread of one process at a time. The file is made where there is none; its folder must be there."""
    with explained(path):
        descriptor = _acquired(path)
    try:
        yield
    finally:
        os.close(descriptor)


def store_lock(layout: StoreLayout) -> AbstractContextManager[None]:
    """Held to create products and to change what belongs to the whole store. Taken before a product's lock."""
    return file_lock(layout.lock)


@contextmanager
def product_lock(layout: StoreLayout, product_id: str) -> Iterator[None]:
    """Held to change one product. ProductNotFound when there is none, or when it was deleted while waiting."""
    path = layout.product_lock(product_id)
    with explained(path):
        try:
            descriptor = _acquired(path)
        except FileNotFoundError:
            raise product_not_found(product_id) from None
    try:
        yield
    finally:
        os.close(descriptor)


def _acquired(path: Path) -> int:
    """Descriptor of the locked file that lies at `path` now. FileNotFoundError when its folder is gone."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _lies_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lies_at(descriptor: int, path: Path) -> bool:
    # The folder may have been renamed away, and even made again, while this one waited for the lock.
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
