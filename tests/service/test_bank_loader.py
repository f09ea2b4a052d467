"""Loads of banks: one for each bank however many wait, on threads that are nobody's request."""

import threading
from concurrent.futures import Future

import pytest

from app.errors import Draining
from app.service.bank_cache import BankKey, LoadedBank
from app.service.bank_loader import THREADS, BankLoader
from tests.service.test_bank_cache import bank, key


def test_many_callers_of_a_cold_bank_share_one_load() -> None:
    loader, loads, gate = BankLoader(), [], threading.Event()

    def load() -> LoadedBank:
        loads.append(threading.current_thread())
        gate.wait(10)
        return bank()

    waiting = [loader.load(key("a"), load) for _ in range(100)]
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
        loader.load(key("a"), fail).result(10)
    while loader.under_way:
        threading.Event().wait(0.001)
    assert loader.load(key("a"), bank).result(10).bank.rows == 100
    loader.close()


def test_banks_are_loaded_side_by_side_but_not_without_bound() -> None:
    loader, gate, running = BankLoader(), threading.Event(), threading.Semaphore(0)

    def load() -> LoadedBank:
        running.release()
        gate.wait(10)
        return bank()

    waiting: list[Future[LoadedBank]] = [loader.load(BankKey("a", "now", n), load) for n in range(THREADS + 3)]
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
        loader.load(key("a"), bank)
    loader.submit(ran.set)
    assert not ran.wait(0.05)
