from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.redis import RedisBlobs, RedisCatalog
from app.storage.redis.connection import connect
from tests.redis_server import RedisServer
from tests.storage.samples import product


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A running redis-server for one test, which may do with it what it likes."""
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def catalog(redis_server: RedisServer) -> RedisCatalog:
    """An empty store with one product, `flange`."""
    catalog = RedisCatalog(connect(redis_server.url))
    catalog.create(product())
    return catalog


@pytest.fixture
def blobs(catalog: RedisCatalog) -> RedisBlobs:
    return RedisBlobs(catalog.client)
