"""Loaded banks: loaded once, dropped by least recent use, alive while in use."""

import threading
from concurrent.futures import ThreadPoolExecutor

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
    assert [name for name in "abc" if cache.peek(key(name))] == ["a", "c"]


def test_a_bank_larger_than_the_budget_is_kept_alone() -> None:
    cache = BankCache(1)
    cache.get(key("a"), bank)
    cache.get(key("b"), bank)
    assert [name for name in "ab" if cache.peek(key(name))] == ["b"]


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
    assert cache.get(key("a"), bank) is cache.peek(key("a"))


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
