"""What was just inspected in the console, shown whatever its product keeps."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

MOST_BYTES = 64 * 2**20
KEPT_S = 600.0


@dataclass(frozen=True, slots=True)
class RecentPictures:
    """Of one inspection. `photograph`: JPEG as shown; `overlay`: PNG; `at`: on the clock of their shelf."""

    product_id: str
    photograph: bytes
    overlay: bytes
    at: float = 0.0


class RecentInspections:
    """Pictures by their inspection's id, in the memory of this process: for ten minutes, and the newest `most_bytes`
    of them. Safe for many threads."""

    def __init__(self, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_bytes, self._clock = most_bytes, clock
        self._guard = Lock()
        self._kept: OrderedDict[str, RecentPictures] = OrderedDict()

    def keep(self, inspection_id: str, product_id: str, photograph: bytes, overlay: bytes) -> None:
        with self._guard:
            self._kept[inspection_id] = RecentPictures(product_id, photograph, overlay, self._clock())
            self._tidy()

    def pictures(self, inspection_id: str) -> RecentPictures | None:
        """None where they are no longer kept, or were never here."""
        with self._guard:
            self._tidy()
            return self._kept.get(inspection_id)

    def _tidy(self) -> None:
        held = sum(len(each.photograph) + len(each.overlay) for each in self._kept.values())
        oldest = self._clock() - KEPT_S
        while self._kept:
            first = next(iter(self._kept.values()))
            if held <= self._most_bytes and first.at >= oldest:
                return
            held -= len(first.photograph) + len(first.overlay)
            self._kept.popitem(last=False)
