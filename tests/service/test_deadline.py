"""Until when a request may wait for its turn."""

import time

import pytest

from app.errors import DeadlineExceeded, Overloaded
from app.service.deadline import NO_DEADLINE, Deadline
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from tests.api.photographs import photograph

LONG_AGO, LATER = time.monotonic() - 1, time.monotonic() + 3600


def test_before_it_has_passed_nothing_is_raised() -> None:
    NO_DEADLINE.check()
    Deadline(LATER, LATER).check()


def test_what_passed_first_is_told() -> None:
    with pytest.raises(Overloaded):
        Deadline(LONG_AGO, LATER).check()
    with pytest.raises(DeadlineExceeded):
        Deadline(LATER, LONG_AGO).check()


def test_a_caller_who_has_left_waits_for_nothing() -> None:
    deadline = Deadline(LATER, LATER)
    deadline.hung_up.set()
    with pytest.raises(DeadlineExceeded, match="closed"):
        deadline.check()
    NO_DEADLINE.check()


@pytest.mark.parametrize("deadline", [Deadline(turn_by=LONG_AGO), Deadline(answer_by=LONG_AGO)])
def test_an_inspection_whose_time_has_passed_never_reaches_the_engine(service: Service, deadline: Deadline) -> None:
    service.references.add("flange", [Upload(photograph(0))])
    service.inspection.inspect("flange", photograph(1), InspectionRequest())
    with pytest.raises((Overloaded, DeadlineExceeded)):
        service.inspection.inspect("flange", b"no image: it is not even decoded", InspectionRequest(deadline=deadline))
