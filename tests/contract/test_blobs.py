from hashlib import sha256
from threading import Barrier, Thread

import pytest

from app.errors import BlobDamaged, BlobMissing, InvalidProductId, ProductNotFound
from app.storage.documents import BLOB_KINDS, BlobKind
from app.storage.store import Blobs, Catalog
from tests.contract.innards import StoredBlobs
from tests.storage.samples import is_stored, product


@pytest.mark.parametrize("blob_kind", BLOB_KINDS)
@pytest.mark.parametrize("data", [b"", b"photograph", bytes(3_000_000)])
def test_a_blob_is_read_as_it_was_stored(blobs: Blobs, blob_kind: BlobKind, data: bytes) -> None:
    digest = blobs.put("flange", blob_kind, data)
    assert digest == sha256(data).hexdigest()
    assert blobs.get("flange", blob_kind, digest) == data


def test_kinds_are_kept_apart(blobs: Blobs) -> None:
    digest = blobs.put("flange", "references", b"photograph")
    assert is_stored(blobs, "flange", "references", digest)
    assert not is_stored(blobs, "flange", "segments", digest)


def test_products_are_kept_apart(blobs: Blobs, catalog: Catalog) -> None:
    catalog.create(product("gear"))
    digest = blobs.put("flange", "references", b"photograph")
    assert not is_stored(blobs, "gear", "references", digest)


def test_storing_a_blob_again_makes_it_young(blobs: Blobs, stored_blobs: StoredBlobs) -> None:
    digest = blobs.put("flange", "segments", b"features")
    stored_blobs.make_old("segments", digest, 7200)
    assert blobs.put("flange", "segments", b"features") == digest
    assert blobs.collect("flange", "segments", keep=set(), grace_s=3600) == 0


def test_an_absent_blob_is_missing(blobs: Blobs) -> None:
    with pytest.raises(BlobMissing, match="add the reference again"):
        blobs.get("flange", "references", "0" * 64)


def test_the_blobs_of_a_product_that_is_not_there_are_not_called_missing(blobs: Blobs, catalog: Catalog) -> None:
    digest = blobs.put("flange", "references", b"photograph")
    catalog.delete("flange")
    for product_id in ("flange", "gear"):
        with pytest.raises(ProductNotFound):
            blobs.get(product_id, "references", digest)


@pytest.mark.parametrize("digest", ["", "..", "../product.json", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_what_is_no_digest_is_missing(blobs: Blobs, digest: str) -> None:
    with pytest.raises(BlobMissing):
        blobs.get("flange", "references", digest)


@pytest.mark.parametrize("damage", [b"", b"photo", b"photogrAph", b"photograph and more"])
def test_a_damaged_blob_is_kept_in_quarantine(blobs: Blobs, stored_blobs: StoredBlobs, damage: bytes) -> None:
    digest = blobs.put("flange", "references", b"photograph")
    stored_blobs.write("references", digest, damage)
    with pytest.raises(BlobDamaged, match="Rebuild the bank"):
        blobs.get("flange", "references", digest)
    assert stored_blobs.quarantined() == [damage]
    with pytest.raises(BlobMissing):
        blobs.get("flange", "references", digest)


def test_storing_a_damaged_blob_again_repairs_it(blobs: Blobs, stored_blobs: StoredBlobs) -> None:
    digest = blobs.put("flange", "segments", b"features")
    stored_blobs.write("segments", digest, b"feature5")
    blobs.put("flange", "segments", b"features")
    assert blobs.get("flange", "segments", digest) == b"features"
    assert stored_blobs.quarantined() == [b"feature5"]


def test_a_product_that_does_not_exist_takes_no_blobs(blobs: Blobs, stored_blobs: StoredBlobs) -> None:
    with pytest.raises(ProductNotFound):
        blobs.put("gear", "references", b"photograph")
    with pytest.raises(ProductNotFound):
        blobs.collect("gear", "references", keep=set())
    assert stored_blobs.count() == 0


@pytest.mark.parametrize(
    "product_id", ["", ".", "..", "../flange", "a/b", ".hidden", "a" * 65, "a\n", "ä", "a\0", "a:b"]
)
def test_what_is_no_product_id_never_becomes_a_path_or_a_key(blobs: Blobs, product_id: str) -> None:
    with pytest.raises(InvalidProductId):
        blobs.put(product_id, "references", b"photograph")
    with pytest.raises(InvalidProductId):
        blobs.get(product_id, "references", "0" * 64)


def test_collecting_takes_what_is_old_and_not_kept(blobs: Blobs, stored_blobs: StoredBlobs) -> None:
    kept, old, young = (blobs.put("flange", "segments", data) for data in (b"kept", b"old", b"young"))
    for digest in (kept, old):
        stored_blobs.make_old("segments", digest, 2 * 86_400)
    assert blobs.collect("flange", "segments", keep={kept}) == 1
    assert [is_stored(blobs, "flange", "segments", digest) for digest in (kept, old, young)] == [True, False, True]


def test_collecting_leaves_other_kinds_alone(blobs: Blobs) -> None:
    digest = blobs.put("flange", "references", b"photograph")
    assert blobs.collect("flange", "segments", keep=set(), grace_s=0) == 0
    assert is_stored(blobs, "flange", "references", digest)


def test_collecting_takes_very_many(blobs: Blobs, stored_blobs: StoredBlobs) -> None:
    for number in range(600):
        blobs.put("flange", "previews", b"%d" % number)
    assert blobs.collect("flange", "previews", keep=set(), grace_s=0) == 600
    assert stored_blobs.count() == 0


def test_a_blob_stored_while_it_is_collected_is_there(blobs: Blobs, stored_blobs: StoredBlobs) -> None:
    digest = blobs.put("flange", "segments", b"features")
    for _ in range(20):
        stored_blobs.make_old("segments", digest, 200_000)
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


def test_two_threads_that_read_a_damaged_blob_both_learn_it(blobs: Blobs, stored_blobs: StoredBlobs) -> None:
    digest = blobs.put("flange", "segments", b"features")
    stored_blobs.write("segments", digest, b"feature5")
    learnt: list[type[Exception]] = []

    def read() -> None:
        try:
            blobs.get("flange", "segments", digest)
        except (BlobDamaged, BlobMissing) as error:
            learnt.append(type(error))

    threads = [Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(learnt) == 2
    assert BlobDamaged in learnt
    assert stored_blobs.quarantined() == [b"feature5"]


def test_a_deleted_product_has_no_blobs(blobs: Blobs, catalog: Catalog) -> None:
    digest = blobs.put("flange", "segments", b"features")
    catalog.delete("flange")
    with pytest.raises(ProductNotFound):
        blobs.get("flange", "segments", digest)
    with pytest.raises(ProductNotFound):
        blobs.put("flange", "segments", b"features")


def test_no_blob_stays_of_a_product_that_is_deleted_while_it_is_stored(
    blobs: Blobs, catalog: Catalog, stored_blobs: StoredBlobs
) -> None:
    for number in range(20):
        together = Barrier(2)

        def store(together: Barrier = together, number: int = number) -> None:
            together.wait()
            try:
                for part in range(10):
                    blobs.put("flange", "segments", b"%d %d" % (number, part))
            except ProductNotFound:
                return

        writer = Thread(target=store)
        writer.start()
        together.wait()
        catalog.delete("flange", purge=True)
        writer.join()
        assert stored_blobs.count() == 0
        catalog.create(product())
