"""The volume keeps a copy of every document, and is a whole disk store at any time."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import StorageFull, StorageOutdated, StorageUnavailable
from app.storage.coordinated import CoordinatedCatalog
from app.storage.disk import DiskCatalog
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import product_lock
from app.storage.documents import BankPointer
from app.storage.redis import RedisCatalog
from app.storage.redis.connection import connect
from tests.redis_server import RedisServer
from tests.storage.coordinated.volume import coordinated, in_redis, on_volume
from tests.storage.samples import product, publish_next, reference


@pytest.fixture
def catalog(tmp_path: Path, redis_server: RedisServer) -> CoordinatedCatalog:
    catalog = coordinated(tmp_path, redis_server.url)
    catalog.create(product())
    return catalog


def test_after_every_change_the_copy_is_what_redis_holds(
    catalog: CoordinatedCatalog, tmp_path: Path, redis_server: RedisServer
) -> None:
    def same() -> bool:
        return on_volume(tmp_path) == in_redis(redis_server.url) != {}

    assert same()
    catalog.replace(product())
    assert same()
    for _ in range(3):
        publish_next(catalog)
        assert same()
    catalog.activate("flange", 1, catalog.pointer("flange"))
    assert same()
    assert catalog.prune("flange", 1) == [2]
    assert same()


def test_without_redis_the_volume_is_a_disk_store(catalog: CoordinatedCatalog, tmp_path: Path) -> None:
    catalog.set_default_backbone("embedded")
    catalog.replace(replace(product(), display_name="new"))
    publish_next(catalog)
    disk = DiskCatalog(tmp_path)
    assert disk.default_backbone() == "embedded"
    assert disk.product("flange") == catalog.product("flange")
    assert disk.pointer("flange") == BankPointer(1, 1, 1)
    assert disk.manifest("flange", 1) == catalog.manifest("flange", 1)


def test_a_copy_that_lags_behind_is_mended_at_the_next_start(
    catalog: CoordinatedCatalog, tmp_path: Path, redis_server: RedisServer
) -> None:
    redis = RedisCatalog(connect(redis_server.url))
    publish_next(redis)
    redis.set_default_backbone("embedded")
    assert catalog.product_ids() == ["flange"]
    coordinated(tmp_path, redis_server.url)
    assert on_volume(tmp_path) == in_redis(redis_server.url)
    assert DiskCatalog(tmp_path).default_backbone() == "embedded"


def test_a_copy_that_lags_behind_is_mended_by_whoever_reads(
    catalog: CoordinatedCatalog, tmp_path: Path, redis_server: RedisServer
) -> None:
    publish_next(RedisCatalog(connect(redis_server.url)))
    assert catalog.pointer("flange") == BankPointer(1, 1, 1)
    assert on_volume(tmp_path) == in_redis(redis_server.url)


def test_who_reads_does_not_wait_for_a_replica_that_holds_the_product(
    catalog: CoordinatedCatalog, tmp_path: Path, redis_server: RedisServer
) -> None:
    """As one that was stopped before it has written the copy."""
    publish_next(RedisCatalog(connect(redis_server.url)))
    with ThreadPoolExecutor(1) as pool, product_lock(StoreLayout(tmp_path), "flange"):
        assert pool.submit(catalog.pointer, "flange").result(10) == BankPointer(1, 1, 1)
        reopened = pool.submit(coordinated, tmp_path, redis_server.url).result(10)
    assert DiskCatalog(tmp_path).pointer("flange") == BankPointer()
    assert reopened.pointer("flange") == BankPointer(1, 1, 1)
    assert on_volume(tmp_path) == in_redis(redis_server.url)


def test_a_damaged_copy_is_written_again(
    catalog: CoordinatedCatalog, tmp_path: Path, redis_server: RedisServer
) -> None:
    publish_next(catalog)
    for name in ("product.json", "pointer.json"):
        (tmp_path / "products" / "flange" / name).write_bytes(b"damaged")
        assert catalog.pointer("flange") == BankPointer(1, 1, 1)
    assert on_volume(tmp_path) == in_redis(redis_server.url)


def test_the_wrong_volume_is_told_from_damage(tmp_path: Path, redis_server: RedisServer) -> None:
    right = coordinated(tmp_path / "right", redis_server.url)
    right.create(product())
    publish_next(right)
    wrong = coordinated(tmp_path / "wrong", redis_server.url)
    for read in (wrong.product, wrong.pointer, wrong.versions):
        with pytest.raises(StorageOutdated, match="Check that the right volume is mounted"):
            read("flange")
    with pytest.raises(StorageOutdated):
        wrong.create(product())
    assert right.pointer("flange") == BankPointer(1, 1, 1)


def test_a_product_that_an_older_redis_brings_back_can_be_deleted_again(
    catalog: CoordinatedCatalog, redis_server: RedisServer
) -> None:
    RedisCatalog(connect(redis_server.url)).create(product("gear"))
    with pytest.raises(StorageOutdated, match="DELETE /products/gear"):
        catalog.pointer("gear")
    catalog.delete("gear")
    catalog.create(product("gear"))
    assert catalog.pointer("gear") == BankPointer()


def test_an_older_volume_is_brought_up_to_redis(
    catalog: CoordinatedCatalog, tmp_path: Path, redis_server: RedisServer
) -> None:
    publish_next(catalog)
    shutil.copytree(tmp_path, tmp_path / "older")
    catalog.delete("flange")
    catalog.create(replace(product(), created_at="2026-05-05T05:05:05Z"))
    publish_next(catalog, references=(reference(b"of the new product"),))
    reopened = coordinated(tmp_path / "older", redis_server.url)
    assert reopened.pointer("flange") == BankPointer(1, 1, 1)
    assert on_volume(tmp_path / "older") == in_redis(redis_server.url)


def test_a_copy_that_cannot_be_written_is_not_acknowledged_but_does_not_stop_reading(
    catalog: CoordinatedCatalog, tmp_path: Path
) -> None:
    banks = tmp_path / "products" / "flange" / "banks"
    banks.rmdir()
    banks.write_bytes(b"a file in its place")
    for change in (publish_next, lambda catalog: catalog.secure("flange")):
        with pytest.raises((StorageFull, StorageUnavailable), match=f"{banks}.* is in force, .*send it again"):
            change(catalog)
        assert catalog.pointer("flange") == BankPointer(1, 1, 1)
    banks.unlink()
    catalog.secure("flange")
    assert DiskCatalog(tmp_path).pointer("flange") == BankPointer(1, 1, 1)


def test_a_folder_that_a_dead_process_left_is_no_product_and_goes(
    catalog: CoordinatedCatalog, tmp_path: Path, redis_server: RedisServer
) -> None:
    left = tmp_path / "products" / "gear" / "segments"
    left.mkdir(parents=True)
    (left / "0123").write_bytes(b"of a product that was deleted")
    assert catalog.product_ids() == ["flange"]
    catalog.create(product("gear"))
    assert list(left.iterdir()) == []
    (tmp_path / "products" / "axle").mkdir()
    coordinated(tmp_path, redis_server.url)
    assert not (tmp_path / "products" / "axle").exists()
