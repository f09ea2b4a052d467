"""Loads of banks: one for each bank however many wait, on threads that are nobody's request."""

import threading

import pytest

from app.errors import Draining
from app.service.banks.cache import BankKey, LoadedBank
from app.service.banks.loader import THREADS, BankLoader, RepairNeeded, Wanted
from tests.service.banks.test_cache import bank, key

COLD = Wanted(key("a"), asked=False)


def test_many_callers_of_a_cold_bank_share_one_load() -> None:
    loader, loads, gate = BankLoader(), [], threading.Event()

    def load() -> LoadedBank:
        loads.append(threading.current_thread())
        gate.wait(10)
        return bank()

    waiting = [loader.load(COLD, load) for _ in range(100)]
    assert loader.under_way == 1
    gate.set()
    assert len({id(each.result(10)) for each in waiting}) == len(loads) == 1
    assert loads[0] is not threading.current_thread()
    loader.close()


def test_a_failed_load_is_tried_again_by_the_next_caller() -> None:
    loader = BankLoader()

    def fail() -> LoadedBank:
        raise OSError("the disk is away")

    with pytest.raises(OSError, match="away"):
        loader.load(COLD, fail).result(10)
    while loader.under_way:
        threading.Event().wait(0.001)
    assert loader.load(COLD, bank).result(10).bank.rows == 100
    loader.close()


def test_banks_are_loaded_side_by_side_but_not_without_bound() -> None:
    loader, gate, running = BankLoader(), threading.Event(), threading.Semaphore(0)

    def load() -> LoadedBank:
        running.release()
        gate.wait(10)
        return bank()

    waiting = [loader.load(Wanted(BankKey("a", "now", n), asked=False), load) for n in range(THREADS + 3)]
    for _ in range(THREADS):
        assert running.acquire(timeout=10)
    assert not running.acquire(timeout=0.1)
    gate.set()
    for each in waiting:
        each.result(10)
    loader.close()


def test_a_closed_loader_loads_nothing_more() -> None:
    loader, ran = BankLoader(), threading.Event()
    loader.close()
    with pytest.raises(Draining):
        loader.load(COLD, bank)
    loader.submit(ran.set)
    assert not ran.wait(0.05)


def test_repairs_hold_up_no_load() -> None:
    loader, gate = BankLoader(), threading.Event()

    def repair() -> LoadedBank:
        gate.wait(10)
        return bank()

    def broken() -> LoadedBank:
        raise RepairNeeded(repair)

    repaired = [loader.load(Wanted(BankKey("broken", "now", n), asked=False), broken) for n in range(THREADS + 1)]
    assert loader.load(COLD, bank).result(10).bank.rows == 100
    assert not any(each.done() for each in repaired)
    gate.set()
    assert all(each.result(10).bank.rows == 100 for each in repaired)
    loader.close()


def test_whoever_waits_when_the_loader_closes_is_told() -> None:
    loader, started, gate = BankLoader(), threading.Semaphore(0), threading.Event()

    def slow() -> LoadedBank:
        started.release()
        gate.wait(10)
        return bank()

    waiting = [loader.load(Wanted(BankKey("a", "now", n), asked=False), slow) for n in range(THREADS + 1)]
    for _ in range(THREADS):
        assert started.acquire(timeout=10)
    closing = threading.Thread(target=loader.close)
    closing.start()
    gate.set()
    closing.join(10)
    told = [each.exception(10) for each in waiting]
    assert [type(each) for each in told] == [type(None)] * THREADS + [Draining]
