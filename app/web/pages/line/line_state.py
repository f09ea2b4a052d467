"""What a line screen shows."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.service.service import Service
from app.storage.records.finding import Wanted
from app.storage.records.record import InspectionRecord, microseconds

NEWEST = 8
LOOK_ANEW_S = 20.0
"""How often to look though nothing newer has come: records may follow late, pictures go, and a shift begin."""


@dataclass(frozen=True, slots=True)
class LineState:
    """The `newest` inspections, the very newest first; how often each verdict was given since the shift `began`.
    `behind`: records wait to be written, or were lost, so there may be newer ones."""

    newest: tuple[InspectionRecord, ...]
    counts: Mapping[str, int]
    began: datetime
    behind: bool


class LineWatch:
    """Looks at a line again and again, and asks the database little while nothing happens."""

    def __init__(
        self, service: Service, products: frozenset[str] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`products`: whose line it is; None: of all."""
        self._service, self._clock = service, clock
        self._wanted = Wanted(products=products)
        self._state: LineState | None = None
        self._seen: tuple[str | None, bool] = (None, False)
        self._until = 0.0

    def look(self, began: datetime) -> LineState:
        """The very same object as before where nothing has changed. RecordsOff, StorageUnavailable."""
        latest = self._service.records.page(Wanted(), 1, None).records
        seen = (latest[0].inspection_id if latest else None, self._behind())
        state = self._state
        if state is None or seen != self._seen or self._clock() >= self._until:
            found = self._look(began, seen[1])
            state = self._state = state if state == found else found
            self._seen, self._until = seen, self._clock() + LOOK_ANEW_S
        return state

    def _look(self, began: datetime, behind: bool) -> LineState:
        records = self._service.records
        counts = records.verdicts(replace(self._wanted, from_us=microseconds(began)))
        return LineState(records.page(self._wanted, NEWEST, None).records, counts, began, behind)

    def _behind(self) -> bool:
        writer = self._service.readiness().records
        return writer is not None and not writer.all_written
