"""What serves each product, as this process knows it: the settings and the bank version, a bounded time old."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.errors import ProductNotFound, StorageOutdated, StorageUnavailable
from app.storage.documents import BankManifest, BankPointer, Product
from app.storage.store import Catalog

logger = logging.getLogger(__name__)

PROBE_EVERY_S = 2.0

Prepare = Callable[[Product, BankManifest], Product]
"""What has to be done before a version serves a product: gives the product as it is stored then. StaleRevision where it
has changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A product and its pointer. `confirmed` is False where the store could not be asked whether that is still so."""

    product: Product
    pointer: BankPointer
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class _Known:
    serving: Serving
    read_at: float


class ServingKnowledge:
    """Remembers what was read for `max_age_s`, and longer only while the store cannot be reached.

    While it is away nobody waits for it: one thread asks again from time to time, and until it answers, requests get
    what is known.
    """

    def __init__(self, catalog: Catalog, max_age_s: float, changed: Callable[[str], None] = lambda _: None) -> None:
        """`changed` is called with the product's id after each change that this process has made."""
        self._catalog = catalog
        self._max_age_s = max_age_s
        self._changed = changed
        self._known: dict[str, _Known] = {}
        self._changes = 0
        self._guard = threading.Lock()
        self._away: StorageUnavailable | None = None
        self._probe_at = 0.0

    def get(self, product_id: str) -> Serving:
        """What serves a product.

        Raises:
            ProductNotFound, ProductDamaged; StorageOutdated: the store has lost changes; StorageUnavailable: it cannot
            be asked, and nothing is known of this product.
        """
        known, started = self._known.get(product_id), time.monotonic()
        if known and started - known.read_at < self._max_age_s:
            return known.serving
        if away := self._still_away():
            return _unconfirmed(known, away)
        changes = self._changes
        try:
            serving = self._read(product_id, known)
        except StorageOutdated:
            raise
        except StorageUnavailable:
            # Is it the store, or this product's files alone?
            self.probe()
            if away := self._away:
                return _unconfirmed(known, away)
            raise
        except ProductNotFound:
            self._known.pop(product_id, None)
            raise
        with self._guard:
            # What was read before a change must not outlive it.
            if changes == self._changes:
                self._known[product_id] = _Known(serving, started)
        return serving

    def require_reachable(self) -> None:
        """StorageUnavailable, at once, while the store is known to be away."""
        if away := self._still_away():
            raise StorageUnavailable(away.message, retry_after_s=away.retry_after_s) from away

    @contextmanager
    def changing(self, product_id: str) -> Iterator[None]:
        """Round a change that this process makes: what was known of the product before is not used afterwards."""
        try:
            yield
        finally:
            self.expire(product_id)
        self._changed(product_id)

    def expire(self, product_id: str | None) -> None:
        """Read again before the next use, a product or all of them. It stays known for the time the store is away."""
        with self._guard:
            self._changes += 1
            for each in [product_id] if product_id is not None else list(self._known):
                if known := self._known.get(each):
                    self._known[each] = replace(known, read_at=float("-inf"))

    def last_known(self, product_id: str) -> Serving | None:
        """What was last read of a product, however long ago."""
        known = self._known.get(product_id)
        return known.serving if known else None

    @property
    def reachable(self) -> bool:
        """Whether the store answered when it was last asked."""
        return self._away is None

    def probe(self) -> None:
        """Ask the store whether it is there."""
        try:
            self._catalog.product_ids()
        except StorageOutdated as error:
            # It answers. What it has lost is told to whoever asks for it.
            logger.error("%s", error)
        except StorageUnavailable as error:
            self._lost(error)
            return
        if self._away is not None:
            logger.info("the store can be reached again")
        self._away = None

    def _lost(self, error: StorageUnavailable) -> None:
        if self._away is None:
            logger.error("the store cannot be reached; loaded banks go on: %s", error)
        self._away, self._probe_at = error, time.monotonic() + PROBE_EVERY_S

    def _read(self, product_id: str, known: _Known | None) -> Serving:
        serving = self._read_now(product_id)
        if known and _is_older(serving, known.serving):
            # Read again: what is known may be from between the two reads.
            serving = self._read_now(product_id)
            if _is_older(serving, known.serving):
                raise StorageOutdated(
                    f"The store has lost changes: bank version {known.serving.pointer.active} of product "
                    f"{product_id!r} served, and it knows of none later than {serving.pointer.latest}. Restore a newer "
                    "backup; to go on from what there is, restart the service."
                )
        return serving

    def _read_now(self, product_id: str) -> Serving:
        # The pointer first: what calibrates a version is in the product before the version serves.
        pointer = self._catalog.pointer(product_id)
        return Serving(self._catalog.product(product_id), pointer)

    def _still_away(self) -> StorageUnavailable | None:
        """Why the store is away, if it is; sees to it that somebody asks it again from time to time."""
        away = self._away
        if away is None:
            return None
        with self._guard:
            due = time.monotonic() >= self._probe_at
            if due:
                self._probe_at = float("inf")
        if due:
            threading.Thread(target=self._probe_alone, name="store-probe", daemon=True).start()
        return away

    def _probe_alone(self) -> None:
        try:
            self.probe()
        finally:
            self._probe_at = time.monotonic() + PROBE_EVERY_S


def _unconfirmed(known: _Known | None, error: StorageUnavailable) -> Serving:
    if known is None:
        raise StorageUnavailable(error.message, retry_after_s=error.retry_after_s) from error
    return replace(known.serving, confirmed=False)


def _is_older(serving: Serving, known: Serving) -> bool:
    return serving.product.created_at == known.product.created_at and serving.pointer.revision < known.pointer.revision
