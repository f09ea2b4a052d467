"""A writer that is killed at any moment: what it acknowledged is there, and nothing half done shows."""

import random
import time
from pathlib import Path

import pytest

from app.storage.disk import DiskBlobs, DiskCatalog
from app.storage.documents import BankPointer
from tests.faults.strace import needs_strace
from tests.storage.samples import product, reference, register
from tests.storage.writer import start_writer

Acknowledged = dict[int, str]
"""Bank version → SHA-256 of the upload it added."""


def _acknowledged(output: str) -> Acknowledged:
    lines = [
        line.split() for line in output.splitlines(keepends=True) if line.startswith("ack") and line.endswith("\n")
    ]
    return {int(version): digest for _, version, digest in lines}


def _run_and_kill(root: Path, name: str, after_s: float) -> Acknowledged:
    with start_writer(root, name, 10_000) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(after_s)
        writer.kill()
        return _acknowledged(writer.communicate()[0])


def _check(root: Path, acknowledged: Acknowledged, known: int = 0) -> int:
    """Assert that the store is whole and holds what was acknowledged. Versions up to `known` were checked before."""
    catalog, blobs = DiskCatalog(root), DiskBlobs(root)
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
    assert list((root / "quarantine").iterdir()) == []
    return pointer.latest


@pytest.mark.parametrize("rounds", [20, pytest.param(200, marks=pytest.mark.long)])
def test_a_writer_killed_at_a_random_moment_loses_nothing_it_acknowledged(tmp_path: Path, rounds: int) -> None:
    DiskCatalog(tmp_path).create(product())
    moments = random.Random(rounds)
    latest = 0
    for number in range(rounds):
        acknowledged = _run_and_kill(tmp_path, f"round {number}", moments.uniform(0, 0.15))
        latest = _check(tmp_path, acknowledged, known=latest)
    assert latest > rounds / 4


@needs_strace
@pytest.mark.parametrize(
    ("call", "when"), [*(("fsync", n) for n in range(1, 9)), *(("/^rename", n) for n in range(1, 5))]
)
def test_a_writer_killed_at_each_step_leaves_a_whole_store(tmp_path: Path, call: str, when: int) -> None:
    DiskCatalog(tmp_path).create(product())
    fault = f"inject={call}:signal=SIGKILL:when={when}"
    with start_writer(tmp_path, "x", 1, under=("strace", "-qq", "-o", "/dev/null", "-e", fault)) as writer:
        output, _ = writer.communicate()
    assert output == "ready\n"
    _check(tmp_path, {})
    version = register(DiskCatalog(tmp_path), DiskBlobs(tmp_path), "flange", b"x 0")
    assert _check(tmp_path, {version: reference(b"x 0").sha256}) == version


@needs_strace
@pytest.mark.parametrize("when", [1, 3, 5, 7])
def test_on_a_full_disk_nothing_changes_and_the_error_says_so(tmp_path: Path, when: int) -> None:
    DiskCatalog(tmp_path).create(product())
    fault = f"inject=fsync:error=ENOSPC:when={when}"
    with start_writer(tmp_path, "x", 1, under=("strace", "-qq", "-o", "/dev/null", "-e", fault)) as writer:
        output, errors = writer.communicate()
    assert output == "ready\n"
    assert "app.errors.StorageFull: The disk or the quota that holds" in errors
    assert DiskCatalog(tmp_path).pointer("flange") == BankPointer()
    assert list(tmp_path.rglob("*.tmp")) == []
