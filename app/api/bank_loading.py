"""Requests that need a bank in memory, and wait for it without a thread."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.api.lanes import Lanes
from app.service.bank_cache import LoadedBank
from app.service.bank_loader import BankNotLoaded
from app.service.banks import LOAD_ATTEMPTS
from app.service.service import Service

Result = TypeVar("Result")


async def once_loaded(attempt: Callable[[], Awaitable[Result]], service: Service, lanes: Lanes) -> Result:
    """What `attempt` gives once the bank that it asks for is in memory.

    While that is loaded the request holds no thread and no place among the inspections: others' requests go on.
    """
    held: list[LoadedBank] = []  # a bank that nobody holds may be dropped before it is used
    for _ in range(LOAD_ATTEMPTS):
        try:
            return await attempt()
        except BankNotLoaded as cold:
            with lanes.loading.admitted():
                # Shielded: a caller who leaves must not cancel the load for those who wait with him.
                held.append(await asyncio.shield(asyncio.wrap_future(service.banks.load(cold.key))))
    return await attempt()
