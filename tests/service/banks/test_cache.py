"""Loaded banks: dropped by least recent use, pinned ones kept, alive while in use."""

import gc
import threading

import numpy as np

from app.engine.bank.bank import MemoryBank, Segment
from app.engine.bank.rows import unit_length
from app.engine.options import Preprocessing
from app.engine.types import Grid
from app.service.banks.cache import ROOM_WITHIN_S, BankCache, BankKey, LoadedBank
from app.storage.documents import BankManifest

MANIFEST = BankManifest(1, None, "register", "now", "tiny", "0" * 64, "torch", "float32", Preprocessing(), 8)
BANK_BYTES = 100 * 8 * 4


def bank() -> LoadedBank:
    rows = unit_length(np.random.default_rng(0).standard_normal((100, 8)).astype(np.float32))
    return LoadedBank(MANIFEST, MemoryBank([Segment(rows, np.ones(100, bool), (0.0,), Grid(10, 10))], "cpu"), {})


def key(name: str) -> BankKey:
    return BankKey(name, "now", 1)


def cache_of(budget_bytes: int, *names: str, pinned: str = "") -> BankCache:
    cache = BankCache(budget_bytes, lambda key: key.product_id in pinned)
    for name in names:
        cache.keep(key(name), bank())
    return cache


def test_the_least_recently_used_goes_when_the_budget_is_full() -> None:
    cache = cache_of(2 * BANK_BYTES, "a", "b")
    cache.find(key("a"))
    cache.keep(key("c"), bank())
    assert cache.figures().size_bytes == 2 * BANK_BYTES
    assert [name for name in "abc" if cache.holds(key(name))] == ["a", "c"]


def test_a_bank_larger_than_the_budget_is_kept_alone() -> None:
    cache = cache_of(1, "a", "b")
    assert [name for name in "ab" if cache.holds(key(name))] == ["b"]


def test_a_pinned_bank_is_not_dropped_to_make_room() -> None:
    cache = cache_of(2 * BANK_BYTES, "a", "b", "c", pinned="a")
    assert [name for name in "abc" if cache.holds(key(name))] == ["a", "c"]
    figures = cache.figures()
    assert (figures.banks, figures.pinned, figures.evictions) == (2, 1, 1)


def test_pinned_banks_may_exceed_the_budget_and_the_newest_stays_too() -> None:
    cache = cache_of(BANK_BYTES, "a", "b", "c", pinned="ab")
    assert [name for name in "abc" if cache.holds(key(name))] == ["a", "b", "c"]
    cache.keep(key("d"), bank())
    assert [name for name in "abcd" if cache.holds(key(name))] == ["a", "b", "d"]


def test_a_dropped_bank_still_answers_whoever_holds_it() -> None:
    cache = cache_of(1, "a")
    held = cache.find(key("a"))
    cache.keep(key("b"), bank())
    assert held is not None
    distances, _ = held.bank.nearest(unit_length(np.ones((1, 8), np.float32)))
    assert distances.shape == (1,)


def test_a_dropped_bank_is_found_while_somebody_holds_it_and_no_longer() -> None:
    cache = cache_of(1, "a")
    held = cache.find(key("a"))
    cache.keep(key("b"), bank())
    assert cache.find(key("a")) is held is not None
    del held
    gc.collect()
    assert cache.find(key("a")) is None


def test_a_deleted_products_banks_are_forgotten() -> None:
    cache = cache_of(10 * BANK_BYTES, "a", "b")
    held = cache.find(key("a"))
    cache.drop_product("a")
    assert held is not None
    assert cache.find(key("a")) is None
    assert cache.figures().banks == 1


def test_asking_whether_a_bank_is_held_is_no_use_of_it() -> None:
    cache = cache_of(2 * BANK_BYTES, "a", "b")
    assert cache.holds(key("a"))
    cache.keep(key("c"), bank())
    assert [name for name in "abc" if cache.holds(key(name))] == ["b", "c"]


def test_any_version_of_a_product_counts() -> None:
    cache = cache_of(10 * BANK_BYTES, "a")
    assert cache.holds_any_of("a")
    assert not cache.holds_any_of("b")


def test_a_products_older_versions_go_before_other_products_banks() -> None:
    cache = cache_of(3 * BANK_BYTES, "x", "y")
    for version in range(1, 9):
        cache.keep(BankKey("busy", "now", version), bank())
    assert [name for name in "xy" if cache.holds(key(name))] == ["x", "y"]
    assert cache.holds(BankKey("busy", "now", 8))


def test_an_older_version_that_is_asked_for_does_not_displace_a_newer_one() -> None:
    cache = cache_of(2 * BANK_BYTES)
    for version in (2, 1):
        cache.keep(BankKey("a", "now", version), bank())
    cache.keep(key("b"), bank())
    assert [version for version in (1, 2) if cache.holds(BankKey("a", "now", version))] == [1]


def test_a_load_waits_while_dropped_banks_in_use_exceed_the_budget() -> None:
    cache = cache_of(BANK_BYTES, "a")
    held = [cache.find(key("a"))]
    cache.keep(key("b"), bank())
    assert cache.figures().held_bytes == BANK_BYTES
    waiting = threading.Thread(target=cache.await_room)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    held.clear()
    waiting.join(ROOM_WITHIN_S / 2)
    assert not waiting.is_alive()
