"""Requests that need a bank in memory, and wait for it without a thread."""

import asyncio
import math
from collections.abc import Callable
from typing import TypeVar

from app.api.lanes import Lane, Lanes
from app.service.banks.cache import LoadedBank
from app.service.banks.loader import BankNotLoaded, Cold
from app.service.deadline import NO_DEADLINE, Deadline
from app.service.service import Service

Result = TypeVar("Result")
GoOn = Callable[[LoadedBank, Cold], Result]


async def once_loaded(
    look: Callable[[], Result],
    go_on: GoOn[Result],
    service: Service,
    lanes: Lanes,
    lane: Lane,
    deadline: Deadline = NO_DEADLINE,
    whose: str = "",
) -> Result:
    """What `look` gives in the lane; where it finds that a bank has to be loaded first, what `go_on` gives with it.

    `whose`: with whom it has its turns in the lane.

    While the bank is loaded the request holds no thread and none of the lane's places: others' requests go on. It has
    been let in before, so it needs no place again. Overloaded, DeadlineExceeded where it waits beyond its deadline; the
    load goes on for those who ask again.
    """
    try:
        with lane.admitted(deadline, whose):
            return await lane.run_for(whose, look)
    except BankNotLoaded as raised:
        cold = raised.cold
    with lanes.loading.admitted():
        # Shielded: a caller who leaves must not cancel the load for those who wait with him.
        loading = asyncio.shield(asyncio.wrap_future(service.banks.load(cold.wanted)))
        try:
            async with asyncio.timeout(None if math.isinf(deadline.left_s) else deadline.left_s):
                loaded = await loading
        except TimeoutError:
            raise deadline.error() from None
        return await lane.run_for(whose, go_on, loaded, cold)
