"""Loaded memory banks: each loaded once, the least recently used dropped when the byte budget is full."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

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


class BankCache:
    """Least-recently-used banks under a byte budget; the newest stays even if it alone exceeds the budget."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._banks: OrderedDict[BankKey, LoadedBank] = OrderedDict()
        self._guard = threading.Lock()
        self._loading: dict[BankKey, threading.Lock] = {}

    def get(self, key: BankKey, load: Callable[[], LoadedBank]) -> LoadedBank:
        """The bank; where it is not in memory, one caller loads it and the others wait for that."""
        if found := self.peek(key):
            return found
        with self._guard:
            turn = self._loading.setdefault(key, threading.Lock())
        with turn:
            if found := self.peek(key):
                return found
            loaded = load()
            self._keep(key, loaded)
            return loaded

    def peek(self, key: BankKey) -> LoadedBank | None:
        """The bank if it is in memory; counts as a use."""
        with self._guard:
            if key in self._banks:
                self._banks.move_to_end(key)
            return self._banks.get(key)

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

    def _keep(self, key: BankKey, loaded: LoadedBank) -> None:
        with self._guard:
            self._banks[key] = loaded
            self._loading.pop(key, None)
            total = sum(each.bank.size_bytes for each in self._banks.values())
            while total > self._budget_bytes and len(self._banks) > 1:
                _, dropped = self._banks.popitem(last=False)
                total -= dropped.bank.size_bytes
