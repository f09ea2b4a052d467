"""A replica that is killed anywhere in a change: the others go on, and repeating the request mends it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from app.errors import Conflict, ProductNotFound, StaleRevision
from app.storage.coordinated import CoordinatedCatalog
from app.storage.disk import DiskBlobs
from app.storage.documents import BankPointer
from tests.redis_server import RedisServer
from tests.storage.coordinated.kill import killed_before_line
from tests.storage.coordinated.volume import coordinated, in_redis, on_volume
from tests.storage.samples import is_stored, manifest, product

Replica = Callable[[], CoordinatedCatalog]
FEATURES = sha256(b"features").hexdigest()
BETWEEN = [pytest.param(8, id="some"), pytest.param(1, id="all", marks=pytest.mark.long)]


@pytest.fixture
def replica(tmp_path: Path, redis_server: RedisServer) -> Replica:
    """Opens the store as another replica does."""
    return lambda: coordinated(tmp_path, redis_server.url)


def _kill_everywhere(replica: Replica, step: int, act: Callable[[CoordinatedCatalog], object]) -> Iterator[None]:
    """Yield after each death; the caller brings the store back to where it began."""
    number = 1
    while killed_before_line(number, replica, act):
        yield
        number += step
    assert number > 100, "the request ran through the store's code"


def _remove_temporary_files(root: Path) -> None:
    """Each would make the next request longer, by as much as the next death comes later."""
    for left in root.rglob("*.tmp"):
        left.unlink()


@pytest.mark.parametrize("step", BETWEEN)
def test_killed_while_it_creates_a_product(
    replica: Replica, tmp_path: Path, redis_server: RedisServer, step: int
) -> None:
    other = replica()
    for _ in _kill_everywhere(replica, step, lambda catalog: catalog.create(product())):
        assert other.product_ids() in ([], ["flange"])
        with suppress(Conflict):
            other.create(product())
        assert other.product("flange") == product()
        assert on_volume(tmp_path) == in_redis(redis_server.url)
        DiskBlobs(tmp_path).put("flange", "segments", b"features")
        other.delete("flange")


@pytest.mark.parametrize("step", BETWEEN)
def test_killed_while_it_deletes_a_product(replica: Replica, tmp_path: Path, step: int) -> None:
    other, blobs, created = replica(), DiskBlobs(tmp_path), 0

    def create() -> None:
        nonlocal created
        created += 1
        other.create(replace(product(), created_at=f"2026-05-05T05:05:05.{created:06d}Z"))
        blobs.put("flange", "segments", b"features")
        other.publish("flange", manifest(1), BankPointer())

    create()
    for _ in _kill_everywhere(replica, step, lambda catalog: catalog.delete("flange")):
        if other.product_ids():
            assert other.pointer("flange") == BankPointer(1, 1, 1)
        with suppress(ProductNotFound):
            other.delete("flange")
        assert other.product_ids() == []
        assert list((tmp_path / "products").iterdir()) == []
        other.restore("flange")
        assert other.pointer("flange") == BankPointer(1, 1, 1)
        assert is_stored(blobs, "flange", "segments", FEATURES)
        other.delete("flange", purge=True)
        create()


@pytest.mark.parametrize("step", BETWEEN)
def test_killed_while_it_restores_a_product(
    replica: Replica, tmp_path: Path, redis_server: RedisServer, step: int
) -> None:
    other, blobs = replica(), DiskBlobs(tmp_path)
    other.create(product())
    blobs.put("flange", "segments", b"features")
    other.publish("flange", manifest(1), BankPointer())
    other.delete("flange")
    for _ in _kill_everywhere(replica, step, lambda catalog: catalog.restore("flange")):
        assert other.product_ids() in ([], ["flange"])
        with suppress(Conflict):
            other.restore("flange")
        assert other.pointer("flange") == BankPointer(1, 1, 1)
        assert is_stored(blobs, "flange", "segments", FEATURES)
        assert on_volume(tmp_path) == in_redis(redis_server.url)
        other.delete("flange")
        _remove_temporary_files(tmp_path)


@pytest.mark.parametrize("step", BETWEEN)
def test_killed_while_it_publishes_a_version(
    replica: Replica, tmp_path: Path, redis_server: RedisServer, step: int
) -> None:
    other = replica()
    other.create(product())
    for _ in _kill_everywhere(replica, step, _publish_next):
        pointer = other.pointer("flange")
        assert other.versions("flange")[-1:] == ([pointer.latest] if pointer.latest else [])
        with suppress(StaleRevision):
            other.publish("flange", manifest(pointer.latest + 1), pointer)
        assert on_volume(tmp_path) == in_redis(redis_server.url)
        assert replica().pointer("flange").latest == pointer.latest + 1
        other.prune("flange", 2)
        _remove_temporary_files(tmp_path)


def _publish_next(catalog: CoordinatedCatalog) -> None:
    pointer = catalog.pointer("flange")
    catalog.publish("flange", manifest(pointer.latest + 1), pointer)
