import os
from pathlib import Path

import pytest

from app.errors import BlobDamaged, StorageUnavailable
from app.storage.disk import DiskBlobs
from app.storage.documents import BlobKind


def _path(root: Path, kind: BlobKind, digest: str) -> Path:
    return root / "products" / "flange" / kind / digest


def _make_old(path: Path, age_s: float) -> None:
    written = path.stat().st_mtime - age_s
    os.utime(path, (written, written))


def test_a_blob_lies_under_its_digest(blobs: DiskBlobs, tmp_path: Path) -> None:
    digest = blobs.put("flange", "segments", b"features")
    assert [path.name for path in _path(tmp_path, "segments", digest).parent.iterdir()] == [digest]


def test_a_blob_that_is_stored_again_is_not_written_again(blobs: DiskBlobs, tmp_path: Path) -> None:
    path = _path(tmp_path, "segments", blobs.put("flange", "segments", b"features"))
    inode = path.stat().st_ino
    blobs.put("flange", "segments", b"features")
    assert path.stat().st_ino == inode


def test_a_damaged_file_keeps_its_name_in_quarantine(blobs: DiskBlobs, tmp_path: Path) -> None:
    digest = blobs.put("flange", "references", b"photograph")
    _path(tmp_path, "references", digest).write_bytes(b"photogrAph")
    with pytest.raises(BlobDamaged):
        blobs.get("flange", "references", digest)
    [kept] = (tmp_path / "quarantine").iterdir()
    assert kept.name.startswith(f"products.flange.references.{digest}")


def test_collecting_removes_what_a_dead_writer_left_an_hour_ago(blobs: DiskBlobs, tmp_path: Path) -> None:
    old, young = (_path(tmp_path, "segments", f".0.{name}.tmp") for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    _make_old(old, 3700)
    assert blobs.collect("flange", "segments", keep=set(), grace_s=0) == 0
    assert not old.exists()
    assert young.exists()


def test_a_folder_that_cannot_be_used_is_named(blobs: DiskBlobs, tmp_path: Path) -> None:
    folder = tmp_path / "products" / "flange" / "segments"
    folder.rmdir()
    folder.write_bytes(b"a file in its place")
    with pytest.raises(StorageUnavailable, match=f"{folder}.*Check that its disk is mounted"):
        blobs.put("flange", "segments", b"features")
