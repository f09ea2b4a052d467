"""The engine thread: one piece at a time, inspection first, a share of the time for the rest."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from app.errors import Draining
from app.service.accelerator.engine_thread import EngineThread, Priority

SHARE, OTHERS = 0.2, 50


def test_inspections_go_before_registrations_and_jobs_that_came_earlier() -> None:
    engine, started, go_on = EngineThread(SHARE), threading.Event(), threading.Event()
    order: list[str] = []

    def occupy() -> None:
        started.set()
        go_on.wait(10)

    def queue(priority: Priority, name: str) -> threading.Thread:
        caller = threading.Thread(target=engine.run, args=(priority, order.append, name))
        waiting = engine.waiting
        caller.start()
        while engine.waiting == waiting:
            threading.Event().wait(0.001)
        return caller

    occupant = threading.Thread(target=engine.run, args=(Priority.REGISTRATION, occupy))
    occupant.start()
    started.wait(10)
    callers = [
        queue(Priority.JOB, "job"),
        queue(Priority.REGISTRATION, "first registration"),
        queue(Priority.REGISTRATION, "second registration"),
        queue(Priority.INSPECTION, "inspection"),
    ]
    go_on.set()
    for caller in [occupant, *callers]:
        caller.join(10)
    engine.close()
    assert order == ["inspection", "first registration", "second registration", "job"]


def test_what_a_piece_raises_reaches_its_caller_and_the_thread_lives_on() -> None:
    engine = EngineThread(SHARE)
    with pytest.raises(ZeroDivisionError):
        engine.run(Priority.INSPECTION, divmod, 1, 0)
    assert engine.run(Priority.INSPECTION, divmod, 7, 2) == (3, 1)
    engine.close()


def test_a_closed_engine_takes_nothing_more() -> None:
    engine = EngineThread(SHARE)
    engine.close()
    with pytest.raises(Draining):
        engine.run(Priority.INSPECTION, divmod, 7, 2)


def test_between_the_pieces_of_an_inspection_no_registration_is_begun_but_after_it_one_is() -> None:
    engine = EngineThread(SHARE)
    order: list[str] = []
    with engine.inspecting(), engine.inspecting():
        registration = [
            threading.Thread(target=engine.run, args=(Priority.REGISTRATION, order.append, name)) for name in "ab"
        ]
        for caller in registration:
            caller.start()
        engine.run(Priority.INSPECTION, order.append, "features")
        engine.run(Priority.INSPECTION, order.append, "search")
    for caller in registration:
        caller.join(10)
    engine.close()
    assert order[:2] == ["features", "search"]
    assert sorted(order[2:]) == ["a", "b"]


def test_a_busy_line_does_not_starve_a_registration() -> None:
    engine, done = EngineThread(SHARE), threading.Event()
    registration = threading.Thread(target=engine.run, args=(Priority.REGISTRATION, done.set))
    with engine.inspecting():
        registration.start()
        with engine.inspecting():
            assert not done.wait(0.1)
        assert done.wait(10)
    registration.join(10)
    engine.close()


def test_a_stopping_service_refuses_registration_and_still_inspects() -> None:
    engine, refused = EngineThread(SHARE), threading.Event()

    def register() -> None:
        with pytest.raises(Draining):
            engine.run(Priority.REGISTRATION, divmod, 7, 2)
        refused.set()

    with engine.inspecting():
        waiting = threading.Thread(target=register)
        waiting.start()
        while not engine.waiting:
            threading.Event().wait(0.001)
        engine.refuse(Priority.REGISTRATION)
        assert refused.wait(10)
        assert engine.run(Priority.INSPECTION, divmod, 7, 2) == (3, 1)
    waiting.join(10)
    engine.close()


class Clock:
    """Moves only when a piece runs."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.spent_ms = Counter[str]()

    def __call__(self) -> float:
        return self.now_s

    def work(self, whose: str, for_ms: int) -> None:
        self.now_s += for_ms / 1000
        self.spent_ms[whose] += for_ms


def inspect_until(done: Callable[[], bool], engine: EngineThread, clock: Clock, callers: int) -> None:
    """Callers that inspect without pause."""

    def go_on() -> None:
        while not done():
            with engine.inspecting():
                engine.run(Priority.INSPECTION, clock.work, "line", 10)

    with ThreadPoolExecutor(callers) as pool:
        for caller in [pool.submit(go_on) for _ in range(callers)]:
            caller.result()


@pytest.mark.parametrize("callers", [1, 2, 4, 8])
@pytest.mark.parametrize("priority", [Priority.LOADING, Priority.REGISTRATION, Priority.JOB])
def test_beside_a_line_that_never_pauses_other_work_has_its_share_of_the_time(callers: int, priority: Priority) -> None:
    clock = Clock()
    engine = EngineThread(SHARE, clock)

    with ThreadPoolExecutor(OTHERS) as pool, engine.inspecting():
        for _ in range(OTHERS):
            pool.submit(engine.run, priority, clock.work, "other", 30)
        while engine.waiting < OTHERS:
            threading.Event().wait(0.001)
        inspect_until(lambda: clock.spent_ms["other"] == OTHERS * 30, engine, clock, callers)
    engine.close()
    assert clock.spent_ms["line"] < 1.2 * clock.spent_ms["other"] * (1 - SHARE) / SHARE


def test_a_storm_of_loads_stops_neither_a_registration_nor_a_job() -> None:
    engine, done = EngineThread(SHARE), threading.Event()

    def load() -> None:
        while not done.is_set():
            engine.run(Priority.LOADING, divmod, 7, 2)

    with ThreadPoolExecutor(6) as pool:
        storm = [pool.submit(load) for _ in range(4)]
        others = [pool.submit(engine.run, kind, divmod, 7, 2) for kind in (Priority.REGISTRATION, Priority.JOB)]
        late = wait(others, timeout=10).not_done
        done.set()
    engine.close()
    assert not late
    assert not any(load.exception() for load in storm)


def test_inspections_go_first_between_the_steps_of_another_piece() -> None:
    engine, begun, go_on = EngineThread(SHARE), threading.Event(), threading.Event()
    order: list[str] = []

    def forward_pass() -> None:
        begun.set()
        go_on.wait(10)
        engine.let_inspections_through()
        order.append("registration")

    with ThreadPoolExecutor(2) as pool:
        pool.submit(engine.run, Priority.REGISTRATION, forward_pass)
        begun.wait(10)
        pool.submit(engine.run, Priority.INSPECTION, order.append, "inspection")
        while not engine.waiting:
            threading.Event().wait(0.001)
        go_on.set()
    engine.close()
    assert order == ["inspection", "registration"]


def test_an_inspection_lets_none_through_nor_does_work_outside_the_engine_thread() -> None:
    engine = EngineThread(SHARE)
    engine.let_inspections_through()
    engine.run(Priority.INSPECTION, engine.let_inspections_through)
    assert engine.run(Priority.INSPECTION, divmod, 7, 2) == (3, 1)
    engine.close()


class Registration:
    """One reference with eight rotations at 256 px on a CPU, in its measured pieces."""

    def __init__(self, engine: EngineThread, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self.waits = threading.Event()

    def took_ms(self) -> float:
        began_s = self._clock.now_s
        for _ in range(8):
            for steps in ([5], [4] * 7, [6]):
                self.waits.set()
                self._engine.run(Priority.REGISTRATION, self._piece, steps)
        took_s = self._clock.now_s - began_s
        self.waits.set()
        return 1000 * took_s

    def _piece(self, steps_ms: list[int]) -> None:
        for step_ms in steps_ms:
            self._engine.let_inspections_through()
            self._clock.work("registration", step_ms)
        self.waits.clear()


@pytest.mark.parametrize("callers", [1, 2, 4, 8])
def test_a_registration_ends_beside_a_line_that_never_pauses(callers: int) -> None:
    clock = Clock()
    engine = EngineThread(SHARE, clock)
    registration = Registration(engine, clock)
    alone_ms = registration.took_ms()
    ended = threading.Event()

    def step(for_ms: int) -> None:
        registration.waits.wait(10)  # what a thread takes to queue its next piece is nothing beside the pieces
        clock.work("line", for_ms)

    def inspect() -> None:
        while not ended.is_set():
            with engine.inspecting():
                for each_ms in (27, 8):
                    engine.run(Priority.INSPECTION, step, each_ms)

    with ThreadPoolExecutor(callers + 1) as pool:
        line = [pool.submit(inspect) for _ in range(callers)]
        took_ms = pool.submit(registration.took_ms).result()
        ended.set()
        for caller in line:
            caller.result()
    engine.close()
    assert took_ms < 8 * alone_ms


def test_a_piece_that_is_begun_leaves_its_caller_free_until_its_result_is_wanted() -> None:
    engine, go_on = EngineThread(SHARE), threading.Event()
    outcome = engine.begin(Priority.INSPECTION, go_on.wait, 10)
    assert not outcome.done()
    go_on.set()
    assert outcome.result(10)
    engine.close()
    with pytest.raises(Draining):
        engine.begin(Priority.INSPECTION, go_on.wait, 10)
