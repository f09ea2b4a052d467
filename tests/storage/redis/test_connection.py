import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.client import Pipeline
from redis.exceptions import ResponseError

from app.errors import ConfigurationError, StorageFull, StorageUnavailable
from app.storage.redis import RedisBlobs, RedisCatalog
from app.storage.redis.connection import REPLY_TIMEOUT_S, connect, explained, transaction
from tests.redis_server import RedisServer
from tests.storage.redis.lossy_link import LossyLink, Moment
from tests.storage.samples import product


def _failure(act: Callable[[], object]) -> str:
    with pytest.raises(StorageUnavailable) as failure:
        act()
    return failure.value.message


@pytest.mark.parametrize("password", [None, "wrong-one"])
def test_a_wrong_password_is_told_and_never_shown(tmp_path: Path, password: str | None) -> None:
    server = RedisServer(tmp_path, password="right-one")
    server.start()
    message = _failure(lambda: RedisCatalog(connect(server.url, password)))
    assert f"Redis at 127.0.0.1:{server.port} does not accept the password" in message
    assert "INSPECTOR_REDIS_PASSWORD" in message
    assert "-one" not in message
    assert RedisCatalog(connect(server.url, "right-one")).product_ids() == []
    server.stop()


def test_a_url_that_cannot_be_read_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigurationError, match="redis://host:6379/0") as refusal:
        connect("redis://:hidden@host:port/0")
    assert "hidden" not in str(refusal.value)


def test_a_password_in_the_url_is_not_shown() -> None:
    message = _failure(lambda: RedisCatalog(connect("redis://:hidden@127.0.0.1:1/0")))
    assert "Redis at 127.0.0.1:1 cannot be reached" in message
    assert "hidden" not in message


def test_redis_away_and_back_needs_no_new_client(own_redis: RedisServer) -> None:
    catalog = RedisCatalog(connect(own_redis.url))
    catalog.create(product())
    own_redis.kill()
    assert "Check that it runs" in _failure(lambda: catalog.pointer("flange"))
    assert "cannot be reached" in _failure(lambda: catalog.create(product("gear")))
    own_redis.start()
    assert catalog.product_ids() == ["flange"]
    catalog.create(product("gear"))


def test_a_redis_that_does_not_answer_is_waited_for_once(own_redis: RedisServer) -> None:
    catalog = RedisCatalog(connect(own_redis.url))
    own_redis.freeze()
    started_s = time.monotonic()
    message = _failure(catalog.product_ids)
    waited_s = time.monotonic() - started_s
    own_redis.thaw()
    assert "cannot be reached" in message
    assert REPLY_TIMEOUT_S <= waited_s < 2 * REPLY_TIMEOUT_S
    assert catalog.product_ids() == []


def test_redis_without_memory_is_a_full_store_and_recovers(own_redis: RedisServer) -> None:
    catalog = RedisCatalog(connect(own_redis.url))
    catalog.create(product())
    blobs = RedisBlobs(catalog.client)
    with own_redis.client() as client:
        client.config_set("maxmemory", "1")
        for change in (lambda: blobs.put("flange", "segments", b"features"), lambda: catalog.create(product("gear"))):
            with pytest.raises(StorageFull, match="Raise its maxmemory"):
                change()
        client.config_set("maxmemory", "0")
    assert catalog.product_ids() == ["flange"]
    blobs.put("flange", "segments", b"features")


def test_a_replica_of_redis_is_told_from_the_primary(own_redis: RedisServer, redis_server: RedisServer) -> None:
    catalog = RedisCatalog(connect(own_redis.url))
    with own_redis.client() as client:
        client.replicaof("127.0.0.1", redis_server.port)
        assert "Give the address of the primary" in _failure(lambda: catalog.create(product()))


def test_a_forbidden_command_is_named(own_redis: RedisServer) -> None:
    with own_redis.client() as client:
        client.acl_setuser("limited", enabled=True, passwords=["+x"], keys=["*"], commands=["+@read"])
    message = _failure(lambda: RedisCatalog(connect(own_redis.url.replace("//", "//limited:x@"))))
    assert "forbids a command" in message
    assert "ACL SETUSER" in message


@pytest.mark.parametrize(
    ("text", "kind", "advice"),
    [
        ("MISCONF Errors writing to the AOF file: No space left on device", StorageFull, "Free space there"),
        ("MISCONF Redis is configured to save RDB snapshots", StorageUnavailable, "See its log"),
        ("ERR of some other kind", StorageUnavailable, "ERR of some other kind"),
    ],
)
def test_other_refusals_say_what_to_do(text: str, kind: type[Exception], advice: str) -> None:
    with pytest.raises(kind, match=advice), explained(connect("redis://127.0.0.1:1/0")):
        raise ResponseError(text)


def test_a_transaction_that_another_client_disturbs_is_repeated(redis_server: RedisServer) -> None:
    client = connect(redis_server.url)
    client.set("count", 0)
    disturbed: list[bool] = []

    def count(pipe: Pipeline, unanswered: bool) -> None:
        value = int(pipe.get("count") or 0)
        if len(disturbed) < 3:
            client.set("count", 10 * len(disturbed))
        disturbed.append(unanswered)
        pipe.multi()
        pipe.set("count", value + 1)

    transaction(client, ["count"], count)
    assert disturbed == [False] * 4
    assert client.get("count") == b"21"


@pytest.mark.parametrize(("moment", "times"), [("before", 1), ("after", 2)])
def test_a_transaction_learns_that_an_answer_was_lost(redis_server: RedisServer, moment: Moment, times: int) -> None:
    with LossyLink(redis_server.port) as link:
        attempts: list[bool] = []

        def count(pipe: Pipeline, unanswered: bool) -> None:
            attempts.append(unanswered)
            pipe.multi()
            pipe.incr("count")

        link.break_once(moment)
        client = connect(link.url)
        transaction(client, ["count"], count)
        assert attempts == [False, True]
        assert client.get("count") == b"%d" % times
