"""Banks on their way into memory: on threads of their own, each once however many wait for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from app.errors import Draining, NoReferences
from app.service.banks.cache import BankKey, LoadedBank
from app.service.banks.serving import Serving

THREADS = 1
"""A second one takes the cores from inspections: on two cores the 99th percentile beside loads was 1.5 instead of 1.4
times idle."""

Load = Callable[[], LoadedBank]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A bank that is not in memory, and why it is wanted. `asked`: by its number, not as the one that serves."""

    key: BankKey
    asked: bool


@dataclass(frozen=True, slots=True)
class Cold:
    """What a request was about when its bank was not in memory: what served the product then, and the bank wanted."""

    serving: Serving
    wanted: Wanted


class BankNotLoaded(Exception):
    """The bank has to be loaded first. No failure: whoever catches it waits for the load without a thread, and goes on.

    Take `cold` out of it and let it go: a kept exception keeps its frames, and the bank in them, until the next
    garbage collection.
    """

    def __init__(self, cold: Cold) -> None:
        super().__init__(f"bank {cold.wanted.key.version} of {cold.wanted.key.product_id} is not in memory")
        self.cold = cold


class RepairNeeded(Exception):
    """Raised by a load that found the bank broken: `repair` loads it after mending it, which takes its time."""

    def __init__(self, repair: Load) -> None:
        super().__init__()
        self.repair = repair


class BankLoader:
    """Loads banks; several callers of one bank get the same load. A repair holds up no other load but repairs."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="bank-loader")
        self._repairs = ThreadPoolExecutor(1, thread_name_prefix="bank-repair")
        self._guard = threading.Lock()
        self._under_way: dict[Wanted, Future[LoadedBank]] = {}
        self._closed = False

    def load(self, wanted: Wanted, load: Load) -> Future[LoadedBank]:
        """The load of a bank: the one under way, or a new one. A failed one is tried again by the next caller.

        Raises:
            Draining: the service is stopping.
        """
        with self._guard:
            if self._closed:
                raise _draining()
            if wanted in self._under_way:
                return self._under_way[wanted]
            outcome = self._under_way[wanted] = Future[LoadedBank]()
            self._pool.submit(self._settle, outcome, load)
        outcome.add_done_callback(lambda _: self._forget(wanted))
        return outcome

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
        """Wait for the loads that run; those that wait are refused."""
        with self._guard:
            self._closed = True
        for pool in (self._pool, self._repairs):
            pool.shutdown(cancel_futures=True)
        for outcome in list(self._under_way.values()):
            outcome.set_exception(_draining())

    def _settle(self, outcome: Future[LoadedBank], load: Load) -> None:
        try:
            loaded = load()
        except RepairNeeded as needed:
            with self._guard:
                if not self._closed:
                    self._repairs.submit(self._settle, outcome, needed.repair)
        except BaseException as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(loaded)

    def _forget(self, wanted: Wanted) -> None:
        with self._guard:
            self._under_way.pop(wanted, None)


def _draining() -> Draining:
    return Draining("The service is stopping and loads no more banks. Ask another instance.")


def no_references(product_id: str) -> NoReferences:
    """The error for a product whose bank is empty."""
    return NoReferences(
        f"Product {product_id!r} has no references yet. "
        f"Register photographs of good parts first: POST /products/{product_id}/references"
    )
