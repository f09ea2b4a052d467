"""The clock of an inspection's stages."""

import time
from itertools import count

import pytest

from app.service.clock import StageClock


def test_the_stages_together_are_all_of_the_time_since_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = count(10)
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments) ** 2)
    clock = StageClock(started=50.0)
    for stage in ("receive", "bank", "decode", "bank"):
        clock.ended(stage)
    assert list(clock.timings_ms) == ["receive", "bank", "decode"]
    assert sum(clock.timings_ms.values()) == pytest.approx(1000 * (13**2 - 50))


def test_a_clock_without_a_start_starts_when_it_is_made() -> None:
    clock = StageClock()
    made = time.perf_counter()
    clock.ended("decode")
    assert 0 <= clock.timings_ms["decode"] <= 1000 * (time.perf_counter() - made + 1)
