from pathlib import Path

import pytest

from app.errors import BankTooLarge
from app.storage.redis import RedisBlobs, RedisCatalog
from app.storage.redis.connection import connect
from tests.redis_server import RedisServer
from tests.storage.samples import product


def test_a_blob_above_the_limit_of_redis_is_refused_with_what_to_do(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--proto-max-bulk-len", "1mb")
    server.start()
    client = connect(server.url)
    RedisCatalog(client).create(product())
    blobs = RedisBlobs(client)
    with pytest.raises(BankTooLarge, match=r"INSPECTOR_SEGMENT_PRECISION=float16.*proto-max-bulk-len") as refusal:
        blobs.put("flange", "segments", bytes(2**20 + 1))
    assert refusal.value.limit == 2**20
    assert len(blobs.get("flange", "segments", blobs.put("flange", "segments", bytes(2**20)))) == 2**20
    server.stop()


def test_where_redis_does_not_tell_its_limit_it_is_the_usual_one(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--rename-command", "CONFIG", "")
    server.start()
    client = connect(server.url)
    RedisCatalog(client).create(product())
    assert RedisBlobs(client).put("flange", "segments", b"features")
    server.stop()


def test_a_blob_that_is_stored_again_is_not_sent_again(blobs: RedisBlobs, redis_server: RedisServer) -> None:
    digest = blobs.put("flange", "segments", bytes(100_000))
    with redis_server.client() as client:
        before = client.info("stats")["total_net_input_bytes"]
        assert blobs.put("flange", "segments", bytes(100_000)) == digest
        assert client.info("stats")["total_net_input_bytes"] - before < 10_000
