"""Loaded memory banks: each loaded once, the least recently used dropped when the byte budget is full."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from app.engine.bank import MemoryBank
from app.storage.documents import BankManifest


@dataclass(frozen=True, slots=True)
class BankKey:
    """Which bank: the product, when that product was created (an id may be used again), and the version."""

    product_id: str
    created_at: str
    version: int


@dataclass(frozen=True, slots=True)
class LoadedBank:
    """A bank version in memory. A dropped one stays alive while an inspection holds it."""

    manifest: BankManifest
    bank: MemoryBank


@dataclass(slots=True)
class _Turn:
    """One load: who does it holds the lock; `callers` counts those who load or wait, `loaded` is what they get."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    callers: int = 0
    loaded: LoadedBank | None = None


class BankCache:
    """Least-recently-used banks under a byte budget; the newest stays even if it alone exceeds the budget."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._banks: OrderedDict[BankKey, LoadedBank] = OrderedDict()
        self._guard = threading.Lock()
        self._loading: dict[BankKey, _Turn] = {}

    def get(self, key: BankKey, load: Callable[[], LoadedBank]) -> LoadedBank:
        """The bank; where it is not in memory, one caller loads it and the others wait for that. Counts as a use.

        What `load` gives is kept under its own version: a damaged version may come back repaired as a newer one.
        """
        if found := self._used(key):
            return found
        with self._turn(key) as turn:
            if turn.loaded is None:
                turn.loaded = self._used(key) or self._kept(key, load())
            return turn.loaded

    def holds(self, key: BankKey) -> bool:
        """Whether the bank is in memory; no use of it."""
        with self._guard:
            return key in self._banks

    def drop_product(self, product_id: str) -> None:
        """Forget every bank of a product."""
        with self._guard:
            for key in [key for key in self._banks if key.product_id == product_id]:
                del self._banks[key]

    @property
    def size_bytes(self) -> int:
        with self._guard:
            return sum(loaded.bank.size_bytes for loaded in self._banks.values())

    def __len__(self) -> int:
        return len(self._banks)

    def _used(self, key: BankKey) -> LoadedBank | None:
        with self._guard:
            if key in self._banks:
                self._banks.move_to_end(key)
            return self._banks.get(key)

    @contextmanager
    def _turn(self, key: BankKey) -> Iterator[_Turn]:
        """The load of a bank, held by one caller at a time; forgotten when the last one leaves."""
        with self._guard:
            turn = self._loading.setdefault(key, _Turn())
            turn.callers += 1
        try:
            with turn.lock:
                yield turn
        finally:
            with self._guard:
                turn.callers -= 1
                if not turn.callers:
                    del self._loading[key]

    def _kept(self, key: BankKey, loaded: LoadedBank) -> LoadedBank:
        with self._guard:
            own = replace(key, version=loaded.manifest.version)
            self._banks[own] = loaded
            self._banks.move_to_end(own)
            total = sum(each.bank.size_bytes for each in self._banks.values())
            while total > self._budget_bytes and len(self._banks) > 1:
                _, dropped = self._banks.popitem(last=False)
                total -= dropped.bank.size_bytes
        return loaded
