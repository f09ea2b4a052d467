"""Bounded lanes into the service."""

import asyncio
import threading
import time

import pytest

from app.api.lanes import Lane, Lanes
from app.errors import Overloaded
from app.service.deadline import NO_DEADLINE, Deadline
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


class Clock:
    """Moves on by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def work(self, for_s: float) -> None:
        self.now_s += for_s


async def learnt(took_s: float, places: int = 10) -> Lane:
    """A lane that has seen requests of that length."""
    clock = Clock()
    lane = Lane("inspections", threads=1, limit=places, clock=clock)
    for _ in range(3):
        await lane.call(clock.work, took_s)
    return lane


async def told_with(lane: Lane, ahead: int, deadline: Deadline) -> Overloaded | None:
    """What another request is refused with while so many are ahead of it."""
    release = threading.Event()
    waiting = [asyncio.create_task(lane.call(release.wait)) for _ in range(ahead)]
    await asyncio.sleep(0)
    try:
        with lane.admitted(deadline):
            return None
    except Overloaded as error:
        return error
    finally:
        release.set()
        await asyncio.gather(*waiting)


def within(seconds: float) -> Deadline:
    return Deadline(turn_by=time.monotonic() + seconds)


@pytest.mark.parametrize(("ahead", "refused"), [(0, False), (2, False), (4, True)])
def test_a_request_is_refused_at_once_that_those_ahead_would_keep_beyond_its_deadline(
    ahead: int, refused: bool
) -> None:
    async def told() -> Overloaded | None:
        return await told_with(await learnt(20), ahead, within(60))

    error = asyncio.run(told())
    assert (error is not None) == refused
    assert error is None or error.retry_after_s == 80


def test_without_a_deadline_any_wait_is_taken() -> None:
    async def told() -> Overloaded | None:
        return await told_with(await learnt(1000), 4, NO_DEADLINE)

    assert asyncio.run(told()) is None


def test_before_anything_was_seen_nothing_is_foretold() -> None:
    async def told() -> Overloaded | None:
        return await told_with(Lane("inspections", threads=1, limit=10), 4, within(0.5))

    assert asyncio.run(told()) is None


def test_requests_that_run_at_once_add_to_the_wait_what_one_of_them_takes_of_the_lane() -> None:
    async def mean_of_two_at_once() -> float | None:
        clock, started = Clock(), threading.Barrier(3)
        lane = Lane("inspections", threads=2, limit=10, clock=clock)
        both = [asyncio.create_task(lane.call(started.wait, 10)) for _ in range(2)]
        await asyncio.sleep(0)
        clock.work(8)
        await asyncio.to_thread(started.wait, 10)
        await asyncio.gather(*both)
        return lane.mean_s

    assert asyncio.run(mean_of_two_at_once()) == pytest.approx(8 - 0.2 * 8)


async def waiting_for(lane: Lane, order: list[str], names: str, release: threading.Event) -> list[asyncio.Task[None]]:
    """Requests of these products, behind one that keeps the lane's only thread until the release."""
    waiting = [asyncio.create_task(lane.run_for("first", lambda: order.clear() if release.wait(10) else None))]
    waiting += [asyncio.create_task(lane.run_for(name, order.append, name)) for name in names]
    await asyncio.sleep(0)
    return waiting


def test_a_product_with_many_requests_lets_others_have_their_turn() -> None:
    order: list[str] = []

    async def inspect() -> None:
        release = threading.Event()
        waiting = await waiting_for(Lane("inspections", threads=1, limit=10), order, "aaaabc", release)
        release.set()
        await asyncio.gather(*waiting)

    asyncio.run(inspect())
    assert order == list("abcaaa")


@pytest.mark.parametrize(("whose", "refused"), [("a", True), ("b", False)])
def test_the_wait_that_is_foretold_is_that_of_the_products_own_turn(whose: str, refused: bool) -> None:
    async def told() -> bool:
        release, lane = threading.Event(), await learnt(20)
        waiting = await waiting_for(lane, [], "aaaa", release)
        try:
            with lane.admitted(within(60), whose):
                return False
        except Overloaded:
            return True
        finally:
            release.set()
            await asyncio.gather(*waiting)

    assert asyncio.run(told()) == refused


def test_what_waits_when_the_lane_is_closed_is_dropped() -> None:
    async def close() -> list[object]:
        release, lane = threading.Event(), Lane("inspections", threads=1, limit=10)
        waiting = await waiting_for(lane, [], "ab", release)
        closing = asyncio.create_task(asyncio.to_thread(lane.close))
        while not lane._pool._shutdown:
            await asyncio.sleep(0.001)
        release.set()
        await closing
        return await asyncio.gather(*waiting, return_exceptions=True)

    first, *dropped = asyncio.run(close())
    assert first is None
    assert [type(each) for each in dropped] == [asyncio.CancelledError] * 2
