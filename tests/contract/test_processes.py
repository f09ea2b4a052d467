"""Four processes at once on each store: nothing is lost, and no more is stored than was registered."""

import time
from pathlib import Path

from redis import Redis

from app.storage.documents import BankPointer
from app.storage.open import OpenStore
from tests.contract.innards import StoredBlobs
from tests.redis_server import RedisServer
from tests.storage.store_at import Kind, StoreAt
from tests.storage.writer import start_writer

WRITERS, EACH = 4, 20
SEGMENT_BYTES = 2**20


def _on_disk_bytes(root: Path) -> int:
    return sum(512 * path.stat().st_blocks for path in root.rglob("*") if path.is_file())


def _redis_on_disk_bytes(server: RedisServer) -> int:
    """Size of its file once what other tests have deleted is out of it."""
    with server.client() as client:
        _await_rewriting(client)
        client.bgrewriteaof()
        _await_rewriting(client)
        return int(client.info("persistence")["aof_current_size"])


def _await_rewriting(client: Redis) -> None:
    while (told := client.info("persistence"))["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"]:
        time.sleep(0.05)


def test_no_registration_of_four_processes_is_lost_and_none_is_stored_twice(
    kind: Kind, opened: OpenStore, store_at: StoreAt, redis: RedisServer | None, stored_blobs: StoredBlobs
) -> None:
    writers = [start_writer(store_at, name, EACH, segment_bytes=SEGMENT_BYTES) for name in "abcd"[:WRITERS]]
    for writer in writers:
        _, errors = writer.communicate()
        assert (writer.returncode, errors) == (0, "")
    total = WRITERS * EACH
    assert opened.catalog.pointer("flange") == BankPointer(total, total, total)
    assert opened.catalog.versions("flange") == list(range(1, total + 1))
    assert len({entry.sha256 for entry in opened.catalog.manifest("flange", total).references}) == total
    assert stored_blobs.count() == 2 * total
    used = _redis_on_disk_bytes(redis) if redis and kind == "redis" else _on_disk_bytes(store_at.root)
    assert used <= 1.1 * total * SEGMENT_BYTES
