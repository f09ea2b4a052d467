"""Banks on their way into memory: on threads of their own, each once however many wait for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.errors import Draining, NotReady
from app.service.bank_cache import BankKey, LoadedBank

THREADS = 2
"""Reading waits for disk or network; more threads would take the cores from inspections."""


class BankNotLoaded(NotReady):
    """The bank has to be loaded first: `key` says which. Whoever catches it waits for that without a thread."""

    code = "bank-not-loaded"

    def __init__(self, key: BankKey) -> None:
        super().__init__(
            f"The bank of product {key.product_id!r} does not stay in memory. Send the request again, or raise the "
            "limit of the bank cache."
        )
        self.key = key


class BankLoader:
    """Loads banks; several callers of one bank get the same load."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="bank-loader")
        self._guard = threading.Lock()
        self._under_way: dict[BankKey, Future[LoadedBank]] = {}
        self._closed = False

    def load(self, key: BankKey, load: Callable[[], LoadedBank]) -> Future[LoadedBank]:
        """The load of a bank: the one under way, or a new one. A failed one is tried again by the next caller.

        Raises:
            Draining: the service is stopping.
        """
        with self._guard:
            if self._closed:
                raise Draining("The service is stopping and loads no more banks. Ask another instance.")
            if key in self._under_way:
                return self._under_way[key]
            future = self._under_way[key] = self._pool.submit(load)
        future.add_done_callback(lambda _: self._forget(key))
        return future

    def submit(self, task: Callable[[], object]) -> None:
        """Run something that leads to a load, such as finding out which version serves. Nothing once it is closed."""
        with self._guard:
            if not self._closed:
                self._pool.submit(task)

    @property
    def under_way(self) -> int:
        """Loads that wait or run."""
        return len(self._under_way)

    def close(self) -> None:
        """Wait for the loads that run; those that wait are dropped."""
        with self._guard:
            self._closed = True
        self._pool.shutdown(cancel_futures=True)

    def _forget(self, key: BankKey) -> None:
        with self._guard:
            self._under_way.pop(key, None)
