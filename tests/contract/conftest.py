"""Every store, one after the other, for the same tests."""

from pathlib import Path

import pytest

from app.storage.open import OpenStore
from app.storage.store import Blobs, Catalog
from tests.contract.innards import DiskInnards, Documents, RedisInnards, StoredBlobs
from tests.redis_server import RedisServer
from tests.storage.samples import product
from tests.storage.store_at import KINDS, Kind, StoreAt


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def redis(kind: Kind, request: pytest.FixtureRequest) -> RedisServer | None:
    """The server that the store needs, if any: the disk store is tested without one."""
    server: RedisServer | None = None if kind == "disk" else request.getfixturevalue("redis_server")
    return server


@pytest.fixture
def store_at(kind: Kind, tmp_path: Path, redis: RedisServer | None) -> StoreAt:
    return StoreAt(kind, tmp_path, redis.url if redis else "")


@pytest.fixture
def opened(store_at: StoreAt) -> OpenStore:
    """A store with one product, `flange`."""
    opened = store_at.open()
    opened.catalog.create(product())
    return opened


@pytest.fixture
def catalog(opened: OpenStore) -> Catalog:
    return opened.catalog


@pytest.fixture
def blobs(opened: OpenStore) -> Blobs:
    return opened.blobs


@pytest.fixture
def documents(store_at: StoreAt, redis: RedisServer | None) -> Documents:
    return RedisInnards(redis.client()) if redis else DiskInnards(store_at.root)


@pytest.fixture
def stored_blobs(kind: Kind, store_at: StoreAt, redis: RedisServer | None) -> StoredBlobs:
    return RedisInnards(redis.client()) if redis and kind == "redis" else DiskInnards(store_at.root)
