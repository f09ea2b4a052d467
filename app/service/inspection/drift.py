"""Watching, product by product, whether inspected images still look as the good ones did."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from app.engine.verdict.drift import Drift, DriftBaseline, DriftWindow, Quantities
from app.storage.documents import Product

WATCHED = 1024
"""Products; the one that was inspected longest ago is forgotten first."""

Watched = tuple[str, str, int | None, str, str]
"""A product by its id and its birth, the bank version, and what else a new window begins with."""


@dataclass(frozen=True, slots=True)
class DriftView:
    """Of the product's last `images` inspections by this process: what has drifted."""

    images: int
    drifts: tuple[Drift, ...]


NOTHING_SEEN = DriftView(0, ())


class DriftWatch:
    """A window for each product; a new one where another bank version or other masks serve. Safe for many threads."""

    def __init__(self) -> None:
        self._windows: OrderedDict[Watched, DriftWindow] = OrderedDict()
        self._seen: dict[Watched, DriftView] = {}
        self._guard = Lock()

    def seen(
        self, product: Product, bank_version: int, baseline: DriftBaseline, image: Quantities
    ) -> tuple[Drift, ...]:
        """Take in one inspected image; what has drifted."""
        key = _key(product, bank_version)
        with self._guard:
            window = self._windows.setdefault(key, DriftWindow())
            self._windows.move_to_end(key)
            window.add(image)
            drifts = window.drifted(baseline)
            self._seen[key] = DriftView(len(window), drifts)
            while len(self._windows) > WATCHED:
                oldest, _ = self._windows.popitem(last=False)
                del self._seen[oldest]
        return drifts

    def view(self, product: Product, bank_version: int | None) -> DriftView:
        """What was last said of a product under a bank version; nothing without one."""
        with self._guard:
            return self._seen.get(_key(product, bank_version), NOTHING_SEEN)

    def drifted(self) -> frozenset[str]:
        """The products whose newest inspections have drifted, under whichever bank version these were."""
        with self._guard:
            newest = {key[0]: key for key in self._windows}
            return frozenset(product_id for product_id, key in newest.items() if self._seen[key].drifts)


def _key(product: Product, bank_version: int | None) -> Watched:
    settings = product.settings
    return product.product_id, product.created_at, bank_version, settings.masking, settings.profile
