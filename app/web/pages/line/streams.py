"""Open streams of events, of which there are only so many."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import Overloaded

MOST = 32
RETRY_AFTER_S = 10


class Streams:
    """Counts them. Used from the event loop only."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self.open = 0

    def require_room(self) -> None:
        """Overloaded where there are as many as there may be."""
        if self.open >= self._most:
            raise Overloaded(
                f"{self._most} line screens are open, as many as there may be. Close one, or open this one later.",
                retry_after_s=RETRY_AFTER_S,
            )

    @contextmanager
    def one(self) -> Iterator[None]:
        """One of them."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
