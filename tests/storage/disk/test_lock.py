import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from app.errors import ProductNotFound, StorageUnavailable
from app.storage.disk import DiskBlobs, DiskCatalog
from app.storage.disk.durable import write_durably
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import WAIT_S, product_lock, store_lock
from tests.storage.samples import is_stored, product


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def _put_late(pool: ThreadPoolExecutor, blobs: DiskBlobs) -> "Future[str]":
    future = pool.submit(blobs.put, "flange", "segments", b"features")
    time.sleep(0.1)
    return future


def test_a_thread_waits_for_the_thread_that_holds_the_lock(
    blobs: DiskBlobs, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    with product_lock(StoreLayout(tmp_path), "flange"):
        future = _put_late(pool, blobs)
        assert not future.done()
    assert is_stored(blobs, "flange", "segments", future.result(10))


def test_collecting_waits_for_whoever_stores_a_blob(blobs: DiskBlobs, tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    digest = blobs.put("flange", "segments", b"features")
    with product_lock(StoreLayout(tmp_path), "flange"):
        future = pool.submit(blobs.collect, "flange", "segments", keep=set(), grace_s=0)
        time.sleep(0.1)
        assert is_stored(blobs, "flange", "segments", digest)
    assert future.result(10) == 1


def test_a_damaged_blob_that_is_replaced_meanwhile_is_not_taken_away(
    blobs: DiskBlobs, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    layout = StoreLayout(tmp_path)
    digest = blobs.put("flange", "segments", b"features")
    layout.blob("flange", "segments", digest).write_bytes(b"feature5")
    with product_lock(layout, "flange"):
        future = pool.submit(blobs.get, "flange", "segments", digest)
        time.sleep(0.1)
        write_durably(layout.blob("flange", "segments", digest), b"features")
    assert future.result(10) == b"features"
    assert list(layout.quarantine.iterdir()) == []


def test_the_products_do_not_wait_for_each_other(catalog: DiskCatalog, blobs: DiskBlobs, tmp_path: Path) -> None:
    catalog.create(product("gear"))
    with product_lock(StoreLayout(tmp_path), "gear"):
        digest = blobs.put("flange", "segments", b"features")
    assert is_stored(blobs, "flange", "segments", digest)


def test_reading_waits_for_nobody(catalog: DiskCatalog, tmp_path: Path) -> None:
    with product_lock(StoreLayout(tmp_path), "flange"):
        assert catalog.product("flange") == product()
        assert catalog.pointer("flange").latest == 0


def test_who_has_waited_long_enough_is_told_who_to_look_for(catalog: DiskCatalog, tmp_path: Path) -> None:
    layout = StoreLayout(tmp_path)
    assert catalog.product_ids() == ["flange"]
    with (
        product_lock(layout, "flange"),
        pytest.raises(StorageUnavailable, match=r"lock .*that is stopped or whose disk hangs"),
        product_lock(layout, "flange", wait_s=0.05),
    ):
        pass


@pytest.mark.long
def test_nobody_waits_without_limit(catalog: DiskCatalog, blobs: DiskBlobs, tmp_path: Path) -> None:
    layout = StoreLayout(tmp_path)
    calls: tuple[Callable[[], object], ...] = (
        lambda: blobs.put("flange", "segments", b"features"),
        lambda: blobs.collect("flange", "segments", keep=set()),
        lambda: catalog.create(product("gear")),
        lambda: catalog.delete("flange"),
    )
    with store_lock(layout), product_lock(layout, "flange"), ThreadPoolExecutor(len(calls)) as pool:
        for refused in [pool.submit(call) for call in calls]:
            assert isinstance(refused.exception(WAIT_S + 20), StorageUnavailable)


def test_who_waits_for_a_product_that_is_deleted_finds_none(
    blobs: DiskBlobs, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    layout = StoreLayout(tmp_path)
    with product_lock(layout, "flange"):
        future = _put_late(pool, blobs)
        layout.product_folder("flange").rename(layout.new_transit())
    with pytest.raises(ProductNotFound):
        future.result(10)
    assert not layout.product_folder("flange").exists()


def test_who_waits_for_a_product_that_is_made_anew_gets_the_new_one(
    catalog: DiskCatalog, blobs: DiskBlobs, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    layout = StoreLayout(tmp_path)
    with product_lock(layout, "flange"):
        future = _put_late(pool, blobs)
        layout.product_folder("flange").rename(layout.new_transit())
        catalog.create(product())
    assert is_stored(blobs, "flange", "segments", future.result(10))
