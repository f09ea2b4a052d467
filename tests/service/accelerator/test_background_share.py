"""What everything but inspections is owed of the engine's time."""

import pytest

from app.service.accelerator.background_share import BackgroundShare


def test_what_others_earn_by_waiting_falls_due_when_an_inspection_ends() -> None:
    share = BackgroundShare(0.2)
    share.others_waited(1.0)
    assert not share.due
    share.inspection_ended()
    assert share.due


@pytest.mark.parametrize("wanted", [0.05, 0.2, 0.5])
def test_over_a_busy_day_others_have_their_share(wanted: float) -> None:
    share, line_s, others_s = BackgroundShare(wanted), 0.0, 0.0
    for _ in range(2000):
        share.others_waited(0.1)
        share.inspection_ended()
        line_s += 0.1
        while share.due:
            share.others_used(0.3, line_waited=True)
            others_s += 0.3
    assert others_s / (others_s + line_s) == pytest.approx(wanted, abs=0.01)


def test_what_others_use_while_the_line_rests_is_free() -> None:
    share = BackgroundShare(0.2)
    share.others_used(1000, line_waited=False)
    share.others_waited(0.1)
    share.inspection_ended()
    assert share.due


def test_what_others_use_while_the_line_waits_is_paid_back() -> None:
    share = BackgroundShare(0.2)
    share.others_used(1, line_waited=True)
    for _ in range(3):
        share.others_waited(1)
        share.inspection_ended()
    assert not share.due
