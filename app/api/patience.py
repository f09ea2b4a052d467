"""How long a request may be kept waiting: as the service says, or less where the caller does."""

import math
import re
import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from app.api.deps import SettingsDep
from app.errors import InvalidRequest
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
