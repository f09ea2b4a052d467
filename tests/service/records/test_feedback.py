from app.engine.verdict.calibration import conformal
from app.engine.verdict.detection import Detection
from app.engine.verdict.observed import Judged
from app.service.records.feedback import Observed

NOBODY = Detection(0, 0, 0)
PROMISED = conformal([number / 100 for number in range(100)], 0.05)
"""5 % on average, and on one product at most 10 % with 95 % confidence."""


def observed(false_alarms: int, *, changed: bool = False) -> Observed:
    verdicts = {"ok": Judged(1000 - false_alarms, 100, 0), "not_ok": Judged(false_alarms, false_alarms, 0)}
    return Observed(verdicts, PROMISED, NOBODY, changed)


def test_a_promise_is_exceeded_where_both_bounds_say_so() -> None:
    assert [observed(count).exceeded for count in (50, 100, 200)] == [False, False, True]


def test_nothing_is_said_of_a_promise_that_changed_or_was_not_given() -> None:
    assert observed(200, changed=True).exceeded is None
    assert Observed({}, None, NOBODY, False).exceeded is None
