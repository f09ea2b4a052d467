"""What the passes of the last minute were like."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

RECENT_S = 60.0


@dataclass(frozen=True, slots=True)
class Pass:
    """A forward pass: when it began (s), how many images it took, and how long they had waited, together."""

    began: float
    images: int
    waited_ms: float


@dataclass(frozen=True, slots=True)
class PassesView:
    """Forward passes of inspections in the last minute: `images` in all of them; how many one took on average, and how
    long an image waited for it (None without any). `largest`: the most that one may take."""

    largest: int
    images: int
    mean_size: float | None
    mean_wait_ms: float | None


class RecentPasses:
    """Forgets what is older than a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._passes: deque[Pass] = deque()

    def ended(self, began: float, waits_ms: Sequence[float]) -> None:
        """A pass has ended that began then; `waits_ms`: how long each of its images had waited."""
        with self._lock:
            self._passes.append(Pass(began, len(waits_ms), sum(waits_ms)))
            self._forget()

    def view(self, largest: int) -> PassesView:
        """The last minute."""
        with self._lock:
            self._forget()
            passes = list(self._passes)
        images = sum(each.images for each in passes)
        if not images:
            return PassesView(largest, 0, None, None)
        return PassesView(largest, images, images / len(passes), sum(each.waited_ms for each in passes) / images)

    def _forget(self) -> None:
        while self._passes and self._passes[0].began < self._clock() - RECENT_S:
            self._passes.popleft()
