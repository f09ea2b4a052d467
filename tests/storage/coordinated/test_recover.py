from pathlib import Path

import pytest

from app.errors import ProductDamaged
from app.storage.coordinated import recover
from app.storage.disk import DiskBlobs, DiskCatalog
from app.storage.documents import BankPointer
from app.storage.redis import RedisCatalog
from app.storage.redis.connection import connect
from tests.redis_server import RedisServer
from tests.storage.coordinated.volume import coordinated, in_redis, on_volume
from tests.storage.samples import product, publish_next, register


@pytest.fixture
def redis(redis_server: RedisServer) -> RedisCatalog:
    return RedisCatalog(connect(redis_server.url))


@pytest.fixture
def disk(tmp_path: Path) -> DiskCatalog:
    """A disk store as it is without Redis: a product with three versions, of which the first is pruned."""
    disk = DiskCatalog(tmp_path)
    disk.set_default_backbone("embedded")
    disk.create(product())
    for name in (b"a", b"b", b"c"):
        register(disk, DiskBlobs(tmp_path), "flange", name)
    disk.activate("flange", 2, disk.pointer("flange"))
    disk.prune("flange", 2)
    disk.create(product("gear"))
    return disk


def test_a_disk_store_becomes_a_coordinated_one(
    disk: DiskCatalog, redis: RedisCatalog, tmp_path: Path, redis_server: RedisServer
) -> None:
    done = recover(disk, redis)
    assert (done.brought_back, done.current, done.refused) == (("flange", "gear"), (), {})
    assert done.default_backbone == "embedded"
    assert in_redis(redis_server.url) == on_volume(tmp_path)
    catalog = coordinated(tmp_path, redis_server.url)
    assert catalog.pointer("flange") == BankPointer(2, 3, 4)
    assert catalog.versions("flange") == [2, 3]
    assert register(catalog, DiskBlobs(tmp_path), "flange", b"d") == 4


def test_recovering_again_changes_nothing(disk: DiskCatalog, redis: RedisCatalog, redis_server: RedisServer) -> None:
    recover(disk, redis)
    before = in_redis(redis_server.url)
    done = recover(disk, redis)
    assert (done.brought_back, done.current, done.default_backbone) == ((), ("flange", "gear"), None)
    assert in_redis(redis_server.url) == before


def test_redis_does_not_go_backwards(disk: DiskCatalog, redis: RedisCatalog, redis_server: RedisServer) -> None:
    recover(disk, redis)
    redis.replace(redis.product("flange"))
    publish_next(redis)
    redis.set_default_backbone("dinov2_vits14")
    before = in_redis(redis_server.url)
    assert recover(disk, redis).brought_back == ()
    assert in_redis(redis_server.url) == before
    assert redis.default_backbone() == "dinov2_vits14"


def test_what_only_redis_knows_stays_and_what_only_the_volume_knows_comes(
    disk: DiskCatalog, redis: RedisCatalog
) -> None:
    recover(disk, redis)
    newer_settings = redis.replace(redis.product("flange"))
    publish_next(disk)
    assert recover(disk, redis).brought_back == ("flange",)
    assert redis.product("flange") == newer_settings
    assert redis.pointer("flange") == disk.pointer("flange")
    assert redis.manifest("flange", 4) == disk.manifest("flange", 4)


def test_an_id_that_differs_only_in_case_is_refused_and_the_others_come(disk: DiskCatalog, redis: RedisCatalog) -> None:
    redis.create(product("Flange"))
    done = recover(disk, redis)
    assert "'Flange' exists" in done.refused["flange"]
    assert done.brought_back == ("gear",)


def test_damaged_documents_stay_on_the_volume(disk: DiskCatalog, redis: RedisCatalog, tmp_path: Path) -> None:
    flange = tmp_path / "products" / "flange"
    (flange / "product.json").write_bytes(b"damaged")
    (flange / "banks" / "00000003.json").write_bytes(b"damaged")
    assert recover(disk, redis).brought_back == ("flange", "gear")
    assert redis.versions("flange") == [2]
    assert redis.manifest("flange", 2) == disk.manifest("flange", 2)
    with pytest.raises(ProductDamaged):
        redis.product("flange")
    redis.create(product())
    assert redis.pointer("flange") == BankPointer(2, 3, 4)
    assert (flange / "banks" / "00000003.json").read_bytes() == b"damaged"


def test_a_folder_without_documents_is_no_product(disk: DiskCatalog, redis: RedisCatalog, tmp_path: Path) -> None:
    (tmp_path / "products" / "axle" / "banks").mkdir(parents=True)
    recover(disk, redis)
    assert redis.product_ids() == ["flange", "gear"]
