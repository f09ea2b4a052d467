"""A Redis that comes back older than what was acknowledged is never served."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ProductNotFound, StorageOutdated
from app.storage.coordinated import CoordinatedCatalog, recover
from app.storage.disk import DiskCatalog
from app.storage.documents import BankPointer
from app.storage.redis import RedisCatalog
from app.storage.redis.connection import connect
from tests.redis_server import RedisServer
from tests.storage.coordinated.volume import coordinated, in_redis, on_volume
from tests.storage.samples import manifest, product, publish_next

LATER = "2026-05-05T05:05:05Z"


class Restorable:
    """A Redis whose data can be backed up and restored, as an operator does it: while it is stopped."""

    def __init__(self, folder: Path) -> None:
        self.server = RedisServer(folder / "redis")
        self._backup = folder / "backup"

    @property
    def url(self) -> str:
        return self.server.url

    def back_up(self) -> None:
        self.server.stop()
        shutil.copytree(self.server.folder, self._backup)
        self.server.start()

    def restore(self) -> None:
        self.server.stop()
        shutil.rmtree(self.server.folder)
        shutil.copytree(self._backup, self.server.folder)
        self.server.start()

    def empty(self) -> None:
        with self.server.client() as client:
            client.flushall()

    def catalog(self) -> RedisCatalog:
        return RedisCatalog(connect(self.url))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Restorable]:
    redis = Restorable(tmp_path)
    redis.server.start()
    yield redis
    redis.server.stop()


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    return tmp_path / "volume"


@pytest.fixture
def catalog(volume: Path, redis: Restorable) -> CoordinatedCatalog:
    """A store with the products `flange` and `gear`, one bank version each."""
    catalog = coordinated(volume, redis.url)
    for product_id in ("flange", "gear"):
        catalog.create(product(product_id))
        publish_next(catalog, product_id)
    return catalog


CALLS: dict[str, Callable[[CoordinatedCatalog], object]] = {
    "product": lambda catalog: catalog.product("flange"),
    "pointer": lambda catalog: catalog.pointer("flange"),
    "manifest": lambda catalog: catalog.manifest("flange", 1),
    "lost manifest": lambda catalog: catalog.manifest("flange", 2),
    "versions": lambda catalog: catalog.versions("flange"),
    "publish": lambda catalog: catalog.publish("flange", manifest(2), BankPointer(1, 1, 1)),
    "activate": lambda catalog: catalog.activate("flange", 1, BankPointer(1, 1, 1)),
    "prune": lambda catalog: catalog.prune("flange", 1),
    "replace": lambda catalog: catalog.replace(product()),
    "delete": lambda catalog: catalog.delete("flange"),
}


@pytest.mark.parametrize("loss", ["older", "empty"])
def test_nothing_is_read_or_changed_of_a_product_of_which_redis_has_lost_a_version(
    catalog: CoordinatedCatalog, redis: Restorable, volume: Path, loss: str
) -> None:
    redis.back_up()
    publish_next(catalog)
    redis.restore() if loss == "older" else redis.empty()
    before = on_volume(volume)
    for call in CALLS.values():
        with pytest.raises(StorageOutdated, match=r"flange.*inspector store recover"):
            call(catalog)
    assert on_volume(volume) == before


def test_the_other_products_can_be_used(catalog: CoordinatedCatalog, redis: Restorable) -> None:
    redis.back_up()
    publish_next(catalog)
    redis.restore()
    assert catalog.pointer("gear") == BankPointer(1, 1, 1)
    assert publish_next(catalog, "gear") == 2


def _activate(catalog: CoordinatedCatalog) -> None:
    catalog.activate("flange", 1, catalog.pointer("flange"))


def _create(catalog: CoordinatedCatalog) -> None:
    catalog.create(product())


def _create_again(catalog: CoordinatedCatalog) -> None:
    catalog.delete("flange")
    catalog.create(replace(product(), created_at=LATER))


LOST: dict[str, Callable[[CoordinatedCatalog], object]] = {
    "settings": lambda catalog: catalog.replace(product()),
    "activation": _activate,
    "deletion and creation": _create_again,
}


@pytest.mark.parametrize("change", LOST.values(), ids=LOST)
def test_every_kind_of_lost_change_is_noticed_and_recovered(
    catalog: CoordinatedCatalog, redis: Restorable, volume: Path, change: Callable[[CoordinatedCatalog], object]
) -> None:
    redis.back_up()
    change(catalog)
    before = on_volume(volume)
    redis.restore()
    with pytest.raises(StorageOutdated):
        catalog.pointer("flange")
    assert recover(DiskCatalog(volume), redis.catalog()).brought_back == ("flange",)
    assert in_redis(redis.url) == before == on_volume(volume)
    assert publish_next(catalog) in (1, 2)


def test_a_lost_product_is_noticed_wherever_products_are_listed_or_created(
    catalog: CoordinatedCatalog, redis: Restorable
) -> None:
    redis.back_up()
    catalog.create(product("axle"))
    redis.restore()
    for call in (catalog.product_ids, lambda: catalog.create(product("nut")), lambda: catalog.product("axle")):
        with pytest.raises(StorageOutdated, match="axle"):
            call()


@pytest.mark.parametrize("before", [None, "dinov2_vits14", "embedded"])
def test_a_lost_default_backbone_is_noticed_and_recovered(
    catalog: CoordinatedCatalog, redis: Restorable, volume: Path, before: str | None
) -> None:
    if before:
        catalog.set_default_backbone(before)
    redis.back_up()
    catalog.set_default_backbone("embedded")
    redis.restore()
    for call in (
        catalog.default_backbone,
        lambda: catalog.set_default_backbone("dinov2_vits14"),
        lambda: coordinated(volume, redis.url),
    ):
        with pytest.raises(StorageOutdated, match=r"later default backbone.*inspector store recover"):
            call()
    assert recover(DiskCatalog(volume), redis.catalog()).default_backbone == "embedded"
    assert catalog.default_backbone() == "embedded"


def test_a_start_with_an_older_redis_serves_what_it_can(
    catalog: CoordinatedCatalog, redis: Restorable, volume: Path
) -> None:
    redis.back_up()
    publish_next(catalog)
    redis.restore()
    reopened = coordinated(volume, redis.url)
    assert reopened.pointer("gear") == BankPointer(1, 1, 1)
    with pytest.raises(StorageOutdated):
        reopened.pointer("flange")


def test_a_start_without_one_product_in_redis_serves_the_others(
    catalog: CoordinatedCatalog, redis: Restorable, volume: Path
) -> None:
    redis.catalog().delete("flange")
    reopened = coordinated(volume, redis.url)
    assert publish_next(reopened, "gear") == 2
    for call in (*CALLS.values(), CoordinatedCatalog.product_ids, _create):
        with pytest.raises(StorageOutdated, match="flange"):
            call(reopened)
    assert recover(DiskCatalog(volume), redis.catalog()).brought_back == ("flange",)
    assert reopened.pointer("flange") == BankPointer(1, 1, 1) == catalog.pointer("flange")


def test_a_newer_backup_of_redis_ends_it(catalog: CoordinatedCatalog, redis: Restorable) -> None:
    publish_next(catalog)
    redis.back_up()
    redis.empty()
    with pytest.raises(StorageOutdated):
        catalog.pointer("flange")
    redis.restore()
    assert catalog.pointer("flange") == BankPointer(2, 2, 2)


def test_deleting_and_creating_products_never_looks_like_a_loss(
    catalog: CoordinatedCatalog, redis: Restorable, volume: Path
) -> None:
    other, ended, read = coordinated(volume, redis.url), threading.Event(), 0

    def keep_reading() -> None:
        nonlocal read
        while not ended.is_set():
            assert other.product_ids() in (["flange", "gear"], ["gear"])
            with suppress(ProductNotFound):
                other.product("flange")
                read += other.pointer("flange").revision

    reader = threading.Thread(target=keep_reading)
    reader.start()
    for number in range(60):
        catalog.delete("flange")
        catalog.create(replace(product(), created_at=f"2026-05-05T05:05:{number:02d}Z"))
        publish_next(catalog)
    ended.set()
    reader.join()
    assert read > 0
