"""The engine thread: one piece at a time, inspection first."""

import threading

import pytest

from app.errors import Draining
from app.service.accelerator.engine_thread import EngineThread, Priority

SHARE = 0.2


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
