"""Bounded lanes into the service."""

import asyncio
import threading
import time

import pytest

from app.api.lanes import Lane, Lanes
from app.errors import Overloaded
from app.settings import load_settings


def test_one_request_more_than_the_limit_is_refused_at_once() -> None:
    lane = Lane("inspections", threads=1, limit=2)
    with lane.admitted(), lane.admitted(), pytest.raises(Overloaded), lane.admitted():
        pass
    assert lane.occupied == 0


def test_a_place_is_free_again_after_a_failure() -> None:
    async def fail_often(lane: Lane) -> None:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await lane.call(divmod, 1, 0)

    lane = Lane("inspections", threads=1, limit=1)
    asyncio.run(fail_often(lane))
    assert lane.occupied == 0


def test_no_more_requests_run_than_there_are_threads() -> None:
    running, most = [], []

    def work() -> None:
        running.append(1)
        most.append(len(running))
        time.sleep(0.02)
        running.pop()

    async def ten(lane: Lane) -> None:
        await asyncio.gather(*(lane.call(work) for _ in range(10)))

    asyncio.run(ten(Lane("inspections", threads=2, limit=10)))
    assert max(most) == 2


def test_the_retry_time_follows_queue_length_and_service_time() -> None:
    async def retry_after_s(places: int) -> int:
        lane, release = Lane("registrations", threads=1, limit=places), threading.Event()
        waiting = [asyncio.create_task(lane.call(release.wait)) for _ in range(places)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refusal:
            await lane.call(release.wait)
        release.set()
        await asyncio.gather(*waiting)
        return refusal.value.retry_after_s

    assert asyncio.run(retry_after_s(1)) < asyncio.run(retry_after_s(8))


def test_registrations_and_inspections_have_threads_of_their_own() -> None:
    async def inspect_while_registering(lanes: Lanes) -> str:
        release = threading.Event()
        registering = [asyncio.create_task(lanes.registration.call(release.wait)) for _ in range(4)]
        await asyncio.sleep(0)
        name = await asyncio.wait_for(lanes.inspection.call(lambda: threading.current_thread().name), timeout=5)
        release.set()
        await asyncio.gather(*registering)
        return name

    name = asyncio.run(inspect_while_registering(Lanes.of(load_settings())))
    assert name.startswith("inspections")
