"""A writer that is killed at any moment: what it acknowledged is there, and nothing half done shows."""

import random
import time
from pathlib import Path

import pytest

from app.storage.documents import BankPointer
from tests.faults.strace import needs_strace
from tests.redis_server import RedisServer
from tests.storage.samples import product, reference, register
from tests.storage.store_at import KINDS, Kind, StoreAt
from tests.storage.writer import start_writer

Acknowledged = dict[int, str]
"""Bank version → SHA-256 of the upload it added."""


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> StoreAt:
    """Each kind of store, with one product."""
    kind: Kind = request.param
    server: RedisServer | None = None if kind == "disk" else request.getfixturevalue("redis_server")
    store = StoreAt(kind, tmp_path, server.url if server else "")
    store.open().catalog.create(product())
    return store


@pytest.fixture
def disk_store(tmp_path: Path) -> StoreAt:
    store = StoreAt("disk", tmp_path)
    store.open().catalog.create(product())
    return store


def _acknowledged(output: str) -> Acknowledged:
    lines = [
        line.split() for line in output.splitlines(keepends=True) if line.startswith("ack") and line.endswith("\n")
    ]
    return {int(version): digest for _, version, digest in lines}


def _run_and_kill(store: StoreAt, name: str, after_s: float) -> Acknowledged:
    with start_writer(store, name, 10_000) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(after_s)
        writer.kill()
        return _acknowledged(writer.communicate()[0])


def _check(store: StoreAt, acknowledged: Acknowledged, known: int = 0) -> int:
    """Assert that the store is whole and holds what was acknowledged. Versions up to `known` were checked before."""
    opened = store.open()
    catalog, blobs = opened.catalog, opened.blobs
    pointer = catalog.pointer("flange")
    assert pointer.active == (pointer.latest or None)
    assert catalog.versions("flange") == list(range(1, pointer.latest + 1))
    for version in range(known + 1, pointer.latest + 1):
        references = catalog.manifest("flange", version).references
        assert references[-1].sha256 == acknowledged.get(version, references[-1].sha256)
        for entry in references:
            blobs.get("flange", "references", entry.sha256)
            blobs.get("flange", "segments", entry.segment)
    assert max(acknowledged, default=0) <= pointer.latest
    assert list(store.root.glob("quarantine/*")) == []
    return pointer.latest


@pytest.mark.parametrize("rounds", [4, pytest.param(200, marks=pytest.mark.long)])
def test_a_writer_killed_at_a_random_moment_loses_nothing_it_acknowledged(store: StoreAt, rounds: int) -> None:
    moments = random.Random(rounds)
    latest = 0
    for number in range(rounds):
        acknowledged = _run_and_kill(store, f"round {number}", moments.uniform(0, 0.15))
        latest = _check(store, acknowledged, known=latest)
    assert latest > rounds / 4


@pytest.mark.parametrize("rounds", [4, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["redis", "coordinated"])
def test_a_redis_killed_at_a_random_moment_loses_nothing_that_was_acknowledged(
    tmp_path: Path, kind: Kind, rounds: int
) -> None:
    moments, latest = random.Random(rounds), 0
    server = RedisServer(tmp_path / "redis")
    server.start()
    store = StoreAt(kind, tmp_path / "store", server.url)
    store.open().catalog.create(product())
    for number in range(rounds):
        with start_writer(store, f"round {number}", 10_000) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0, 0.15))
            server.kill()
            output, errors = writer.communicate()
        assert "StorageUnavailable: Redis at" in errors
        server.start()
        latest = _check(store, _acknowledged(output), known=latest)
    server.stop()
    assert latest > rounds / 4


@needs_strace
@pytest.mark.parametrize(
    ("call", "when"), [*(("fsync", n) for n in range(1, 9)), *(("/^rename", n) for n in range(1, 5))]
)
def test_a_writer_killed_at_each_step_leaves_a_whole_store(disk_store: StoreAt, call: str, when: int) -> None:
    fault = f"inject={call}:signal=SIGKILL:when={when}"
    with start_writer(disk_store, "x", 1, under=("strace", "-qq", "-o", "/dev/null", "-e", fault)) as writer:
        output, _ = writer.communicate()
    assert output == "ready\n"
    _check(disk_store, {})
    opened = disk_store.open()
    version = register(opened.catalog, opened.blobs, "flange", b"x 0")
    assert _check(disk_store, {version: reference(b"x 0").sha256}) == version


@needs_strace
@pytest.mark.parametrize("when", [1, 3, 5, 7])
def test_on_a_full_disk_nothing_changes_and_the_error_says_so(disk_store: StoreAt, when: int) -> None:
    fault = f"inject=fsync:error=ENOSPC:when={when}"
    with start_writer(disk_store, "x", 1, under=("strace", "-qq", "-o", "/dev/null", "-e", fault)) as writer:
        output, errors = writer.communicate()
    assert output == "ready\n"
    assert "app.errors.StorageFull: The disk or the quota that holds" in errors
    assert disk_store.open().catalog.pointer("flange") == BankPointer()
    assert list(disk_store.root.rglob("*.tmp")) == []
