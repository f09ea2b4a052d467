"""Until when a request may wait for its turn."""

import math
import threading
import time
from dataclasses import dataclass, field

from app.errors import DeadlineExceeded, InspectorError, Overloaded


@dataclass(frozen=True, slots=True)
class Deadline:
    """Moments of `time.monotonic`: `turn_by` the service no longer makes a request wait for its turn, `answer_by` its
    caller no longer waits for the answer. `hung_up`: to be set once its caller has closed the connection."""

    turn_by: float = math.inf
    answer_by: float = math.inf
    hung_up: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def left_s(self) -> float:
        """How long the request may wait from now on; negative once it is too late."""
        return -math.inf if self.hung_up.is_set() else min(self.turn_by, self.answer_by) - time.monotonic()

    def check(self) -> None:
        """To be called before anything is done for the request. DeadlineExceeded, Overloaded."""
        if self.left_s < 0:
            raise self.error()

    def error(self) -> InspectorError:
        """What a request is answered that has waited for too long."""
        if self.hung_up.is_set():
            return DeadlineExceeded("The connection was closed before the inspection began. Nothing was inspected.")
        if self.answer_by <= self.turn_by:
            return DeadlineExceeded(
                "The time that Request-Timeout-Ms gives had passed before the inspection began. Nothing was inspected: "
                "send the request again, with more time or when the service is less busy."
            )
        return Overloaded(
            "The inspection did not get its turn within INSPECTOR_MAX_WAIT_S. Nothing was inspected: send the request "
            "again later."
        )


NO_DEADLINE = Deadline()
