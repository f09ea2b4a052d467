import os
import threading
from hashlib import sha256
from pathlib import Path
from threading import Barrier, Thread

import pytest

from app.errors import BlobDamaged, BlobMissing, InvalidProductId, ProductNotFound, StorageUnavailable
from app.storage.disk import DiskBlobs, DiskCatalog
from app.storage.documents import BlobKind
from tests.storage.samples import is_stored


def _path(root: Path, kind: BlobKind, digest: str) -> Path:
    return root / "products" / "flange" / kind / digest


def _make_old(path: Path, age_s: float) -> None:
    written = path.stat().st_mtime - age_s
    os.utime(path, (written, written))


@pytest.mark.parametrize("kind", ["references", "segments", "previews"])
@pytest.mark.parametrize("data", [b"", b"photograph", bytes(3_000_000)])
def test_a_blob_is_read_as_it_was_stored(blobs: DiskBlobs, kind: BlobKind, data: bytes) -> None:
    digest = blobs.put("flange", kind, data)
    assert digest == sha256(data).hexdigest()
    assert blobs.get("flange", kind, digest) == data


def test_a_blob_lies_under_its_digest(blobs: DiskBlobs, tmp_path: Path) -> None:
    digest = blobs.put("flange", "segments", b"features")
    assert [path.name for path in _path(tmp_path, "segments", digest).parent.iterdir()] == [digest]


def test_kinds_are_kept_apart(blobs: DiskBlobs) -> None:
    digest = blobs.put("flange", "references", b"photograph")
    assert is_stored(blobs, "flange", "references", digest)
    assert not is_stored(blobs, "flange", "segments", digest)


def test_storing_a_blob_again_makes_it_young(blobs: DiskBlobs, tmp_path: Path) -> None:
    digest = blobs.put("flange", "segments", b"features")
    path = _path(tmp_path, "segments", digest)
    inode = path.stat().st_ino
    _make_old(path, 7200)
    assert blobs.put("flange", "segments", b"features") == digest
    assert path.stat().st_ino == inode
    assert blobs.collect("flange", "segments", keep=set(), grace_s=3600) == 0


def test_an_absent_blob_is_missing(blobs: DiskBlobs) -> None:
    with pytest.raises(BlobMissing, match="add the reference again"):
        blobs.get("flange", "references", "0" * 64)
    assert not is_stored(blobs, "flange", "references", "0" * 64)


@pytest.mark.parametrize("digest", ["", "..", "../product.json", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_what_is_no_digest_is_missing(blobs: DiskBlobs, digest: str) -> None:
    assert not is_stored(blobs, "flange", "references", digest)
    with pytest.raises(BlobMissing):
        blobs.get("flange", "references", digest)


@pytest.mark.parametrize("damage", [b"", b"photo", b"photogrAph", b"photograph and more"])
def test_a_damaged_blob_is_kept_in_quarantine(blobs: DiskBlobs, tmp_path: Path, damage: bytes) -> None:
    digest = blobs.put("flange", "references", b"photograph")
    _path(tmp_path, "references", digest).write_bytes(damage)
    with pytest.raises(BlobDamaged, match="Rebuild the bank"):
        blobs.get("flange", "references", digest)
    [kept] = (tmp_path / "quarantine").iterdir()
    assert kept.read_bytes() == damage
    assert kept.name.startswith(f"products.flange.references.{digest}")
    with pytest.raises(BlobMissing):
        blobs.get("flange", "references", digest)


def test_storing_a_damaged_blob_again_repairs_it(blobs: DiskBlobs, tmp_path: Path) -> None:
    digest = blobs.put("flange", "segments", b"features")
    _path(tmp_path, "segments", digest).write_bytes(b"feature5")
    blobs.put("flange", "segments", b"features")
    assert blobs.get("flange", "segments", digest) == b"features"
    assert [path.read_bytes() for path in (tmp_path / "quarantine").iterdir()] == [b"feature5"]


def test_a_product_that_does_not_exist_takes_no_blobs(blobs: DiskBlobs, tmp_path: Path) -> None:
    with pytest.raises(ProductNotFound):
        blobs.put("gear", "references", b"photograph")
    with pytest.raises(ProductNotFound):
        blobs.collect("gear", "references", keep=set())
    assert not (tmp_path / "products" / "gear").exists()


@pytest.mark.parametrize("product_id", ["", ".", "..", "../flange", "a/b", ".hidden", "a" * 65, "a\n", "ä", "a\0"])
def test_what_is_no_product_id_never_becomes_a_path(blobs: DiskBlobs, product_id: str) -> None:
    with pytest.raises(InvalidProductId):
        blobs.put(product_id, "references", b"photograph")
    with pytest.raises(InvalidProductId):
        blobs.get(product_id, "references", "0" * 64)


def test_collecting_takes_what_is_old_and_not_kept(blobs: DiskBlobs, tmp_path: Path) -> None:
    kept, old, young = (blobs.put("flange", "segments", data) for data in (b"kept", b"old", b"young"))
    for digest in (kept, old):
        _make_old(_path(tmp_path, "segments", digest), 2 * 86_400)
    assert blobs.collect("flange", "segments", keep={kept}) == 1
    assert [is_stored(blobs, "flange", "segments", digest) for digest in (kept, old, young)] == [True, False, True]


def test_collecting_leaves_other_kinds_alone(blobs: DiskBlobs) -> None:
    digest = blobs.put("flange", "references", b"photograph")
    assert blobs.collect("flange", "segments", keep=set(), grace_s=0) == 0
    assert is_stored(blobs, "flange", "references", digest)


def test_collecting_removes_what_a_dead_writer_left_an_hour_ago(blobs: DiskBlobs, tmp_path: Path) -> None:
    old, young = (_path(tmp_path, "segments", f".0.{name}.tmp") for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    _make_old(old, 3700)
    assert blobs.collect("flange", "segments", keep=set(), grace_s=0) == 0
    assert not old.exists()
    assert young.exists()


def test_a_blob_stored_while_it_is_collected_is_there(blobs: DiskBlobs, tmp_path: Path) -> None:
    digest = blobs.put("flange", "segments", b"features")
    path = _path(tmp_path, "segments", digest)
    for _ in range(20):
        _make_old(path, 7200)
        together = Barrier(2)

        def collect(together: Barrier = together) -> None:
            together.wait()
            blobs.collect("flange", "segments", keep=set())

        collector = Thread(target=collect)
        collector.start()
        together.wait()
        blobs.put("flange", "segments", b"features")
        collector.join()
        assert blobs.get("flange", "segments", digest) == b"features"


def test_two_threads_that_read_a_damaged_blob_both_learn_it(blobs: DiskBlobs, tmp_path: Path) -> None:
    digest = blobs.put("flange", "segments", b"features")
    _path(tmp_path, "segments", digest).write_bytes(b"feature5")
    learnt: list[type[Exception]] = []

    def read() -> None:
        try:
            blobs.get("flange", "segments", digest)
        except (BlobDamaged, BlobMissing) as error:
            learnt.append(type(error))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(learnt) == 2
    assert BlobDamaged in learnt
    assert len(list((tmp_path / "quarantine").iterdir())) == 1


def test_a_folder_that_cannot_be_used_is_named(blobs: DiskBlobs, tmp_path: Path) -> None:
    folder = tmp_path / "products" / "flange" / "segments"
    folder.rmdir()
    folder.write_bytes(b"a file in its place")
    with pytest.raises(StorageUnavailable, match=f"{folder}.*Check that its disk is mounted"):
        blobs.put("flange", "segments", b"features")


def test_a_deleted_product_has_no_blobs(blobs: DiskBlobs, catalog: DiskCatalog) -> None:
    digest = blobs.put("flange", "segments", b"features")
    catalog.delete("flange")
    assert not is_stored(blobs, "flange", "segments", digest)
    with pytest.raises(ProductNotFound):
        blobs.put("flange", "segments", b"features")
