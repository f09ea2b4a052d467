"""Memory banks in memory: the least recently used are dropped when the byte budget is full."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from app.engine.bank.bank import MemoryBank
from app.storage.documents import BankManifest
from app.storage.left_out import LeftOutTable

logger = logging.getLogger(__name__)

ROOM_WITHIN_S = 10.0
ROOM_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class BankKey:
    """Which bank: the product, when that product was created (an id may be used again), and the version."""

    product_id: str
    created_at: str
    version: int


@dataclass(frozen=True, slots=True, weakref_slot=True)
class LoadedBank:
    """A bank version in memory. A dropped one stays alive while an inspection holds it. `left_out`: by position of the
    reference, empty for fewer than two, and where the table is lost."""

    manifest: BankManifest
    bank: MemoryBank
    left_out: LeftOutTable


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """What a cache holds and what it has done since the start. `held_bytes`: of banks that were dropped while somebody
    still uses them."""

    banks: int
    size_bytes: int
    held_bytes: int
    budget_bytes: int
    pinned: int
    loads: int
    evictions: int


class BankCache:
    """Least-recently-used banks under a byte budget; the newest stays even if it alone exceeds the budget.

    A product's older versions go before anything else: registrations must not cost other products their banks. A pinned
    bank is not dropped to make room. One that was dropped while somebody still holds it is found again: it
    takes no memory that is not taken anyway.
    """

    def __init__(self, budget_bytes: int, is_pinned: Callable[[BankKey], bool] = lambda _: False) -> None:
        self._budget_bytes = budget_bytes
        self._is_pinned = is_pinned
        self._banks: OrderedDict[BankKey, LoadedBank] = OrderedDict()
        self._held: WeakValueDictionary[BankKey, LoadedBank] = WeakValueDictionary()
        self._guard = threading.Lock()
        self._loads = self._evictions = 0

    def find(self, key: BankKey) -> LoadedBank | None:
        """The bank, if it is in memory. Counts as a use."""
        with self._guard:
            if key in self._banks:
                self._banks.move_to_end(key)
            return self._banks.get(key) or self._held.get(key)

    def keep(self, key: BankKey, loaded: LoadedBank) -> None:
        """Keep a bank that was just loaded, and make room for it."""
        with self._guard:
            self._loads += key not in self._held
            self._banks[key] = self._held[key] = loaded
            for other in [other for other in self._banks if _is_superseded(other, key)]:
                self._banks.move_to_end(other, last=False)
            self._banks.move_to_end(key)
            self._make_room(key)

    def await_room(self) -> None:
        """Before a load: wait, for a while, until banks that were dropped are no longer used, where all together they
        take more than the budget. Else as many as there are requests could pile up."""
        give_up = time.monotonic() + ROOM_WITHIN_S
        while time.monotonic() < give_up:
            with self._guard:
                held_bytes = self._held_bytes()
                if not held_bytes or held_bytes + self._size_bytes() <= self._budget_bytes:
                    return
            time.sleep(ROOM_AGAIN_S)

    def holds(self, key: BankKey) -> bool:
        """Whether the bank is kept; no use of it."""
        with self._guard:
            return key in self._banks

    def product_ids(self) -> set[str]:
        """The products of which a bank is kept."""
        with self._guard:
            return {key.product_id for key in self._banks}

    def holds_any_of(self, product_id: str) -> bool:
        """Whether any version of a product's bank is kept."""
        with self._guard:
            return any(key.product_id == product_id for key in self._banks)

    def drop_product(self, product_id: str) -> None:
        """Forget every bank of a product."""
        with self._guard:
            for kept in (self._banks, self._held):
                for key in [key for key in kept if key.product_id == product_id]:
                    del kept[key]

    def figures(self) -> CacheFigures:
        with self._guard:
            pinned = sum(map(self._is_pinned, self._banks))
            return CacheFigures(
                banks=len(self._banks),
                size_bytes=self._size_bytes(),
                held_bytes=self._held_bytes(),
                budget_bytes=self._budget_bytes,
                pinned=pinned,
                loads=self._loads,
                evictions=self._evictions,
            )

    def _size_bytes(self) -> int:
        return sum(loaded.bank.size_bytes for loaded in self._banks.values())

    def _held_bytes(self) -> int:
        return sum(loaded.bank.size_bytes for key, loaded in self._held.items() if key not in self._banks)

    def _make_room(self, newest: BankKey) -> None:
        for key in [key for key in self._banks if key != newest and not self._is_pinned(key)]:
            if self._size_bytes() <= self._budget_bytes:
                return
            del self._banks[key]
            self._evictions += 1
        if self._size_bytes() > self._budget_bytes and len(self._banks) > 1:
            logger.warning(
                "pinned banks take %d bytes, more than the %d that the cache may: unpin products or raise the limit",
                self._size_bytes(),
                self._budget_bytes,
            )


def _is_superseded(other: BankKey, key: BankKey) -> bool:
    return (other.product_id, other.created_at) == (key.product_id, key.created_at) and other.version < key.version
