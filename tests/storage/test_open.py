import threading
import time
from pathlib import Path

import pytest

from app.errors import ConfigurationError, StorageOutdated, StorageUnavailable
from app.storage.coordinated import CoordinatedCatalog
from app.storage.disk import DiskBlobs, DiskCatalog
from app.storage.open import open_store
from app.storage.redis import RedisBlobs, RedisCatalog
from tests.redis_server import RedisServer
from tests.storage.samples import product


def test_without_redis_everything_is_on_the_disk(tmp_path: Path) -> None:
    opened = open_store(tmp_path)
    assert isinstance(opened.catalog, DiskCatalog)
    assert isinstance(opened.blobs, DiskBlobs)
    assert opened.announcements is None


def test_redis_coordinates_what_is_on_the_disk(tmp_path: Path, redis_server: RedisServer) -> None:
    opened = open_store(tmp_path, redis_server.url)
    assert isinstance(opened.catalog, CoordinatedCatalog)
    assert isinstance(opened.blobs, DiskBlobs)
    assert opened.announcements is not None


def test_everything_in_redis_leaves_the_disk_alone(tmp_path: Path, redis_server: RedisServer) -> None:
    opened = open_store(tmp_path / "data", redis_server.url, blobs_in_redis=True)
    opened.catalog.create(product())
    assert isinstance(opened.catalog, RedisCatalog)
    assert isinstance(opened.blobs, RedisBlobs)
    assert not (tmp_path / "data").exists()


def test_a_redis_that_starts_later_is_waited_for(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    late = threading.Timer(1.0, server.start)
    late.start()
    opened = open_store(tmp_path / "store", server.url)
    late.join()
    assert opened.catalog.product_ids() == []
    server.stop()


def test_a_redis_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    started_s = time.monotonic()
    with pytest.raises(StorageUnavailable, match=f"127.0.0.1:{server.port} cannot be reached"):
        open_store(tmp_path, server.url, patience_s=1.5)
    assert time.monotonic() - started_s > 0.7


def test_a_wrong_password_ends_the_start_at_once(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis", password="right-one")
    server.start()
    for password in ("wrong-one", None):
        with pytest.raises(ConfigurationError, match="does not accept the password"):
            open_store(tmp_path / "store", server.url, password)
    assert open_store(tmp_path / "store", server.url, "right-one").catalog.product_ids() == []
    server.stop()


def test_a_redis_that_may_lose_data_is_refused_unless_that_is_accepted(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis", "--appendfsync", "everysec")
    server.start()
    with pytest.raises(ConfigurationError, match="appendfsync is 'everysec'"):
        open_store(tmp_path / "store", server.url)
    assert open_store(tmp_path / "store", server.url, require_durable=False).catalog.product_ids() == []
    server.stop()


def test_an_empty_redis_with_a_volume_that_holds_products_is_not_served(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    DiskCatalog(tmp_path).create(product())
    for _ in range(2):
        with pytest.raises(StorageOutdated, match=r"more products \(flange\) than Redis.*inspector store recover"):
            open_store(tmp_path, redis_server.url)


def test_an_empty_redis_with_a_volume_that_knows_the_default_backbone_is_not_served(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    DiskCatalog(tmp_path).set_default_backbone("embedded")
    with pytest.raises(StorageOutdated, match="inspector store recover"):
        open_store(tmp_path, redis_server.url)
