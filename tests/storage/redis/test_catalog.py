from dataclasses import replace

import pytest

from app.errors import Conflict, ProductNotFound, StaleRevision
from app.storage.documents import BankPointer
from app.storage.redis import RedisBlobs, RedisCatalog
from app.storage.redis.connection import connect
from tests.redis_server import RedisServer
from tests.storage.redis.lossy_link import LossyLink, Moment
from tests.storage.samples import manifest, product, publish_next, reference


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_change_whose_answer_is_lost_happens_once(redis_server: RedisServer, moment: Moment) -> None:
    with LossyLink(redis_server.port) as link:
        catalog = RedisCatalog(connect(link.url))
        link.break_once(moment)
        catalog.create(product())
        link.break_once(moment)
        changed = catalog.replace(product())
        link.break_once(moment)
        assert catalog.publish("flange", manifest(1), BankPointer(), made_for=changed) == BankPointer(1, 1, 1)
        link.break_once(moment)
        assert catalog.activate("flange", 1, BankPointer(1, 1, 1)) == BankPointer(1, 1, 2)
        publish_next(catalog)
        link.break_once(moment)
        catalog.prune("flange", 1)
        assert catalog.versions("flange") == [2]
        link.break_once(moment)
        catalog.delete("flange")
        assert catalog.product_ids() == []
        assert link.broken == 6


def test_a_lost_answer_does_not_hide_that_another_was_faster(redis_server: RedisServer) -> None:
    other = RedisCatalog(connect(redis_server.url))
    other.create(product())
    other.replace(product())
    other.publish("flange", manifest(1, (reference(b"other"),)), BankPointer())
    with LossyLink(redis_server.port) as link:
        catalog = RedisCatalog(connect(link.url))
        link.break_once("before")
        with pytest.raises(StaleRevision):
            catalog.publish("flange", manifest(1), BankPointer())
        with pytest.raises(StaleRevision):
            catalog.replace(replace(product(), display_name="late"))
        with pytest.raises(Conflict):
            catalog.create(product())
        with pytest.raises(ProductNotFound):
            catalog.delete("gear")


def test_opening_removes_the_blobs_that_a_dead_process_left_of_a_deleted_product(
    catalog: RedisCatalog, blobs: RedisBlobs, redis_server: RedisServer
) -> None:
    with redis_server.client() as client:
        kept = blobs.put("flange", "segments", b"features")
        client.set("inspector:blob:0123:segments:4567", b"left")
        client.zadd("inspector:blobs:0123:segments", {"4567": 1.0})
        RedisCatalog(catalog.client)
        assert client.keys("inspector:blob*:0123:*") == []
        assert blobs.get("flange", "segments", kept) == b"features"


def test_two_clients_in_one_redis_see_each_other(catalog: RedisCatalog, redis_server: RedisServer) -> None:
    other = RedisCatalog(connect(redis_server.url))
    publish_next(other)
    assert catalog.pointer("flange") == BankPointer(1, 1, 1)


def test_every_key_begins_with_the_prefix(catalog: RedisCatalog, blobs: RedisBlobs, redis_server: RedisServer) -> None:
    blobs.put("flange", "previews", b"picture")
    publish_next(catalog)
    with redis_server.client() as client:
        assert len(client.keys("inspector:*")) == client.dbsize() > 5
