import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.storage.redis import RedisCatalog
from app.storage.redis.announcements import Announcements
from app.storage.redis.connection import connect
from tests.redis_server import RedisServer
from tests.storage.samples import manifest, product
from tests.storage.store_at import StoreAt
from tests.storage.writer import start_writer

HEARD_WITHIN_S = 20


@pytest.fixture
def announcements(own_redis: RedisServer) -> Iterator[Announcements]:
    announcements = Announcements(connect(own_redis.url))
    yield announcements
    announcements.close()


@pytest.fixture
def heard(announcements: Announcements) -> "queue.Queue[str | None]":
    """What is heard, from after the connection on."""
    heard: queue.Queue[str | None] = queue.Queue()
    announcements.follow(heard.put)
    assert heard.get(timeout=HEARD_WITHIN_S) is None
    return heard


def _becomes_true(state: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + HEARD_WITHIN_S
    while not state() and time.monotonic() < deadline:
        time.sleep(0.02)
    return state()


def _all(heard: "queue.Queue[str | None]", count: int) -> list[str | None]:
    return [heard.get(timeout=HEARD_WITHIN_S) for _ in range(count)]


def test_every_change_is_announced(own_redis: RedisServer, heard: "queue.Queue[str | None]") -> None:
    catalog = RedisCatalog(connect(own_redis.url))
    catalog.create(product())
    catalog.replace(product())
    pointer = catalog.publish("flange", manifest(1), catalog.pointer("flange"))
    pointer = catalog.publish("flange", manifest(2), pointer)
    catalog.activate("flange", 1, catalog.activate("flange", 2, pointer))
    catalog.prune("flange", 1)
    catalog.delete("flange")
    catalog.set_default_backbone("embedded")
    assert _all(heard, 8) == ["flange"] * 7 + [None]


def test_a_change_by_another_process_is_heard(
    own_redis: RedisServer, tmp_path: Path, heard: "queue.Queue[str | None]"
) -> None:
    store = StoreAt("redis", tmp_path, own_redis.url)
    store.open().catalog.create(product())
    with start_writer(store, "x", 1) as writer:
        writer.communicate()
    assert _all(heard, 2) == ["flange", "flange"]


def test_a_refused_change_is_not_announced(own_redis: RedisServer, heard: "queue.Queue[str | None]") -> None:
    catalog = RedisCatalog(connect(own_redis.url))
    catalog.create(product("gear"))
    with pytest.raises(ValueError, match="does not follow"):
        catalog.publish("gear", manifest(2), catalog.pointer("gear"))
    catalog.create(product())
    assert _all(heard, 2) == ["gear", "flange"]


def test_when_redis_was_away_anything_may_have_changed(
    own_redis: RedisServer, announcements: Announcements, heard: "queue.Queue[str | None]"
) -> None:
    assert announcements.reachable
    own_redis.kill()
    assert heard.get(timeout=HEARD_WITHIN_S) is None
    assert not announcements.reachable
    own_redis.start()
    assert heard.get(timeout=HEARD_WITHIN_S) is None
    assert announcements.reachable
    RedisCatalog(connect(own_redis.url)).create(product())
    assert heard.get(timeout=HEARD_WITHIN_S) == "flange"


def test_a_connection_that_has_fallen_silent_counts_as_lost(
    own_redis: RedisServer, announcements: Announcements, heard: "queue.Queue[str | None]"
) -> None:
    own_redis.freeze()
    assert heard.get(timeout=HEARD_WITHIN_S) is None
    lost = not announcements.reachable
    own_redis.thaw()
    assert lost
    assert _becomes_true(lambda: announcements.reachable)


def test_a_quiet_connection_is_not_given_up(announcements: Announcements, heard: "queue.Queue[str | None]") -> None:
    time.sleep(5)
    assert heard.empty()
    assert announcements.reachable


def test_a_redis_that_comes_later_is_found(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    announcements = Announcements(connect(server.url))
    heard: queue.Queue[str | None] = queue.Queue()
    announcements.follow(heard.put)
    time.sleep(0.5)
    assert not announcements.reachable
    server.start()
    assert heard.get(timeout=HEARD_WITHIN_S) is None
    assert announcements.reachable
    announcements.close()
    server.stop()


def test_nothing_is_heard_after_the_end(
    own_redis: RedisServer, announcements: Announcements, heard: "queue.Queue[str | None]"
) -> None:
    announcements.close()
    RedisCatalog(connect(own_redis.url)).create(product())
    assert heard.empty()
    assert not announcements.reachable
