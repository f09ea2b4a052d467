"""Sets whose images have the scores and the times that a test is about."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.engine.photograph.appearance import Appearance
from app.engine.verdict.calibration import conformal
from app.service.calibration.sessions import Sessions, sessions
from app.service.verdicts.bank_calibration import Calibration, ImageKnowledge
from app.storage.documents import CalibrationImage, CalibrationSet

ALPHA = 0.05
MONDAY = datetime(2026, 3, 2, 6, tzinfo=UTC)
DAY = timedelta(days=1)


def image(sha256: str, sent: datetime) -> CalibrationImage:
    seen = Appearance(128.0, 40.0, 0.1, 0.5, 0.5)
    return CalibrationImage(sha256, True, None, "image/png", 64, 64, 1000, sent.isoformat(), seen)


def told(*of_sessions: tuple[datetime, Sequence[float]], minutes: float = 1) -> Sessions:
    """Of images with these scores, sent one after the other from a time on."""
    images, known = [], {}
    for began, scores in of_sessions:
        for place, score in enumerate(scores):
            images.append(image(f"{began.isoformat()} {place}", began + place * timedelta(minutes=minutes)))
            known[images[-1].sha256] = ImageKnowledge(float(score))
    scores = [each.score for each in known.values()]
    return sessions(
        CalibrationSet(tuple(images)), Calibration("calibrated", conformal(scores, ALPHA), images=known), ALPHA
    )


def drawn(count: int, seed: int) -> list[float]:
    return [float(score) for score in np.random.default_rng(seed).lognormal(0, 0.3, count)]


def test_images_of_one_session_get_a_finding() -> None:
    found = told((MONDAY, drawn(20, 0)))
    assert found.count == 1
    assert found.finding is not None
    assert "All 20 good images were sent in one session, 2026-03-02 06:00 to 06:19 UTC." in found.finding


def test_two_days_that_are_alike_get_none() -> None:
    found = told((MONDAY, drawn(20, 1)), (MONDAY + DAY, drawn(20, 2)))
    assert (found.count, found.finding) == (2, None)
    assert (found.first, found.last) == ("2026-03-02T06:00:00+00:00", "2026-03-03T06:19:00+00:00")


def test_a_break_parts_sessions_and_a_pause_does_not() -> None:
    morning, scores = (MONDAY, drawn(10, 3)), drawn(10, 4)
    assert told(morning, (MONDAY + timedelta(minutes=9 + 119), scores)).count == 1
    assert told(morning, (MONDAY + timedelta(minutes=9 + 121), scores)).count == 2


def test_a_line_that_never_pauses_has_a_session_for_each_shift() -> None:
    assert told((MONDAY, drawn(48, 5)), minutes=60).count == 6


def test_a_day_that_would_be_called_not_ok_is_named() -> None:
    darker = [2 * score for score in drawn(10, 7)]
    finding = told((MONDAY, drawn(30, 6)), (MONDAY + DAY, darker)).finding
    assert finding is not None
    assert "of the 10 of 2026-03-03 06:00 to 06:09 UTC would be called not ok" in finding


def test_a_day_is_not_judged_by_too_few_others() -> None:
    darker = [9 * score for score in drawn(30, 7)]
    assert told((MONDAY, drawn(18, 6)), (MONDAY + DAY, darker)).finding is None


def test_days_that_are_alike_are_told_apart_in_one_of_twenty_sets_at_most() -> None:
    days = [MONDAY + day * DAY for day in range(3)]
    found = [
        told(*((day, drawn(20, 100 + 3 * trial + place)) for place, day in enumerate(days))) for trial in range(300)
    ]
    assert sum(each.finding is not None for each in found) <= 0.05 * len(found)


def test_images_that_set_no_threshold_are_of_no_session() -> None:
    one = image("a", MONDAY)
    known = Calibration("provisional", images={"a": ImageKnowledge(1.0, ("unlike_references",))})
    assert sessions(CalibrationSet((one, replace(one, sha256="b"))), known, ALPHA) == Sessions(0, None, None, None)


@pytest.mark.parametrize("state", ["none", "provisional"])
def test_nothing_is_found_of_images_that_set_no_threshold_yet(state: str) -> None:
    known = Calibration("none" if state == "none" else "provisional", images={"a": ImageKnowledge(1.0)})
    found = sessions(CalibrationSet((image("a", MONDAY),)), known, ALPHA)
    assert (found.count, found.finding) == (1, None)
