"""What the passes of the last minute were like."""

from app.service.accelerator.recent_passes import PassesView, RecentPasses


def test_size_and_wait_are_averages_of_the_last_minute() -> None:
    now_s = 1000.0
    recent = RecentPasses(lambda: now_s)
    assert recent.view(8) == PassesView(8, 0, None, None)
    recent.ended(now_s, [50.0])
    now_s += 40
    recent.ended(now_s, [1.0, 2.0, 3.0])
    assert recent.view(8) == PassesView(8, 4, 2.0, 14.0)
    now_s += 40
    assert recent.view(8) == PassesView(8, 3, 3.0, 2.0)
    now_s += 40
    assert recent.view(1) == PassesView(1, 0, None, None)
