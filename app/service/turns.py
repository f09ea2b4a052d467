"""What waits for one thing, several parties in turn."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """Items that wait, each of a party: whoever has many of them gets no more turns than whoever has one. For one
    thread at a time."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Item]] = OrderedDict()

    def add(self, whose: str, item: Item) -> None:
        """Behind the party's own; a party that had none has its first turn after all others."""
        self._waiting.setdefault(whose, deque()).append(item)

    def take(self, fits: Callable[[Item], bool] = lambda _: True) -> Item | None:
        """The oldest item that fits of the party whose turn it is, or of the next that has one, whose next turn is then
        after all others; None where none fits."""
        for whose, items in self._waiting.items():
            for at, item in enumerate(items):
                if fits(item):
                    del items[at]
                    self._had_its_turn(whose)
                    return item
        return None

    def before(self, whose: str) -> int:
        """How many items would go before one that this party added now."""
        own = len(self._waiting.get(whose, ()))
        others = (len(items) for party, items in self._waiting.items() if party != whose)
        return own + sum(min(count, own + 1) for count in others)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def _had_its_turn(self, whose: str) -> None:
        if self._waiting[whose]:
            self._waiting.move_to_end(whose)
        else:
            del self._waiting[whose]
