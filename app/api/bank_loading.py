"""Requests that need a bank in memory, and wait for it without a thread."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from app.api.lanes import Lane, Lanes
from app.service.banks.cache import LoadedBank
from app.service.banks.loader import BankNotLoaded, Cold
from app.service.service import Service

Result = TypeVar("Result")
GoOn = Callable[[LoadedBank, Cold], Result]


async def once_loaded(
    look: Callable[[], Result], go_on: GoOn[Result], service: Service, lanes: Lanes, lane: Lane
) -> Result:
    """What `look` gives in the lane; where it finds that a bank has to be loaded first, what `go_on` gives with it.

    While the bank is loaded the request holds no thread and none of the lane's places: others' requests go on. It has
    been let in before, so it needs no place again.
    """
    try:
        return await lane.call(look)
    except BankNotLoaded as raised:
        cold = raised.cold
    with lanes.loading.admitted():
        # Shielded: a caller who leaves must not cancel the load for those who wait with him.
        loaded = await asyncio.shield(asyncio.wrap_future(service.banks.load(cold.wanted)))
        return await lane.run(go_on, loaded, cold)
