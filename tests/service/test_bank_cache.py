"""Loaded banks: loaded once, dropped by least recent use, alive while in use."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from app.engine.bank import MemoryBank, Segment, unit_length
from app.engine.options import Preprocessing
from app.engine.types import Grid
from app.service.bank_cache import BankCache, BankKey, LoadedBank
from app.storage.documents import BankManifest

MANIFEST = BankManifest(1, None, "register", "now", "tiny", "0" * 64, "torch", "float32", Preprocessing(), 8)
BANK_BYTES = 100 * 8 * 4


def bank() -> LoadedBank:
    rows = unit_length(np.random.default_rng(0).standard_normal((100, 8)).astype(np.float32))
    return LoadedBank(MANIFEST, MemoryBank([Segment(rows, np.ones(100, bool), (0.0,), Grid(10, 10))], "cpu"))


def key(name: str) -> BankKey:
    return BankKey(name, "now", 1)


def test_the_least_recently_used_goes_when_the_budget_is_full() -> None:
    cache = BankCache(2 * BANK_BYTES)
    for name in ("a", "b", "a", "c"):
        cache.get(key(name), bank)
    assert cache.size_bytes == 2 * BANK_BYTES
    assert [name for name in "abc" if cache.holds(key(name))] == ["a", "c"]


def test_a_bank_larger_than_the_budget_is_kept_alone() -> None:
    cache = BankCache(1)
    cache.get(key("a"), bank)
    cache.get(key("b"), bank)
    assert [name for name in "ab" if cache.holds(key(name))] == ["b"]


def test_many_callers_of_a_cold_bank_load_it_once() -> None:
    cache, loads, gate = BankCache(10 * BANK_BYTES), [], threading.Event()

    def load() -> LoadedBank:
        loads.append(1)
        gate.wait(10)
        return bank()

    with ThreadPoolExecutor(20) as callers:
        waiting = [callers.submit(cache.get, key("a"), load) for _ in range(20)]
        gate.set()
        found = {id(each.result(10)) for each in waiting}
    assert (len(loads), len(found)) == (1, 1)


def test_a_failed_load_is_tried_again_by_the_next_caller() -> None:
    cache = BankCache(10 * BANK_BYTES)

    def fail() -> LoadedBank:
        raise OSError("the disk is away")

    with pytest.raises(OSError, match="away"):
        cache.get(key("a"), fail)
    assert cache.get(key("a"), bank) is cache.get(key("a"), fail)


def test_a_dropped_bank_still_answers_whoever_holds_it() -> None:
    cache = BankCache(1)
    held = cache.get(key("a"), bank)
    cache.get(key("b"), bank)
    distances, _ = held.bank.nearest(unit_length(np.ones((1, 8), np.float32)))
    assert distances.shape == (1,)


def test_a_deleted_products_banks_are_forgotten() -> None:
    cache = BankCache(10 * BANK_BYTES)
    cache.get(key("a"), bank)
    cache.drop_product("a")
    assert len(cache) == 0


def test_asking_whether_a_bank_is_held_is_no_use_of_it() -> None:
    cache = BankCache(2 * BANK_BYTES)
    cache.get(key("a"), bank)
    cache.get(key("b"), bank)
    assert cache.holds(key("a"))
    cache.get(key("c"), bank)
    assert [name for name in "abc" if cache.holds(key(name))] == ["b", "c"]


def test_a_failed_load_leaves_nothing_behind() -> None:
    cache = BankCache(10 * BANK_BYTES)

    def fail() -> LoadedBank:
        raise OSError("no such version")

    for version in range(50):
        with pytest.raises(OSError, match="version"):
            cache.get(BankKey("a", "now", version), fail)
    assert not cache._loading


def test_after_a_failed_load_those_who_wait_still_load_one_at_a_time() -> None:
    cache, guard, at_once, most, tries = BankCache(10 * BANK_BYTES), threading.Lock(), [0], [0], [0]

    def load() -> LoadedBank:
        with guard:
            tries[0] += 1
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
            fails = tries[0] <= 5
        time.sleep(0.01)
        with guard:
            at_once[0] -= 1
        if fails:
            raise OSError("the disk is away")
        return bank()

    with ThreadPoolExecutor(20) as callers:
        waiting = [callers.submit(cache.get, key("a"), load) for _ in range(20)]
        failed = sum(each.exception(10) is not None for each in waiting)
    assert (most, tries, failed) == ([1], [6], 5)


def test_a_repaired_bank_is_kept_under_its_own_version_only() -> None:
    cache, loads, gate = BankCache(10 * BANK_BYTES), [], threading.Event()

    def repaired() -> LoadedBank:
        loads.append(1)
        gate.wait(10)
        return replace(bank(), manifest=replace(MANIFEST, version=2))

    with ThreadPoolExecutor(5) as callers:
        waiting = [callers.submit(cache.get, BankKey("a", "now", 1), repaired) for _ in range(5)]
        while not (turns := list(cache._loading.values())) or turns[0].callers < 5:
            time.sleep(0.001)
        gate.set()
        found = {id(each.result(10)) for each in waiting}
    assert (len(loads), len(found)) == (1, 1)
    assert [version for version in (1, 2) if cache.holds(BankKey("a", "now", version))] == [2]
    assert cache.size_bytes == BANK_BYTES
