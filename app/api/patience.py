"""How long a request may be kept waiting: as the service says, or less where the caller does or leaves."""

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.requests import ClientDisconnect

from app.api.deps import SettingsDep
from app.errors import DeadlineExceeded, InvalidRequest
from app.service.deadline import Deadline

HEADER = "Request-Timeout-Ms"
MILLISECONDS = re.compile(r"0*[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Patience:
    """`max_wait_s`: how long it may wait for its turn; `answer_by`: when its caller gives up (`time.monotonic`)."""

    max_wait_s: float
    answer_by: float

    def deadline(self) -> Deadline:
        """For a wait that begins now."""
        return Deadline(time.monotonic() + self.max_wait_s, self.answer_by)


def _patience(
    request: Request,
    settings: SettingsDep,
    _: Annotated[
        str | None,
        Header(alias=HEADER, description="Milliseconds after which the caller no longer waits, 1 to 999999999."),
    ] = None,
) -> Patience:
    given = request.headers.getlist(HEADER)
    if not given:
        return Patience(settings.max_wait_s, math.inf)
    if len(given) > 1 or not MILLISECONDS.fullmatch(given[0].strip()):
        raise InvalidRequest(
            f"{HEADER}: {', '.join(given)[:100]!r} is no time. Send it once: a whole number of milliseconds, 1 to "
            "999999999."
        )
    return Patience(settings.max_wait_s, time.monotonic() + int(given[0]) / 1000)


PatienceDep = Annotated[Patience, Depends(_patience)]


@asynccontextmanager
async def hang_up_noticed(request: Request, deadline: Deadline) -> AsyncIterator[None]:
    """While the block lasts, a closed connection is put down in the deadline, and what has not had its turn by then is
    dropped. To be entered once the whole body is there.

    Raises:
        ClientDisconnect: it was dropped.
    """
    watching = asyncio.create_task(_watch(request, deadline))
    try:
        yield
    except DeadlineExceeded as error:
        if deadline.hung_up.is_set():
            raise ClientDisconnect from error
        raise
    finally:
        watching.cancel()


async def _watch(request: Request, deadline: Deadline) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    deadline.hung_up.set()
