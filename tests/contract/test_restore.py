"""A deletion can be undone for a day, whole."""

from dataclasses import replace

import pytest

import app.storage.disk.deleted
import app.storage.redis.deleted
from app.errors import BlobMissing, Conflict, InvalidProductId, ProductNotFound
from app.storage.store import Blobs, Catalog
from tests.contract.innards import StoredBlobs
from tests.storage.samples import product, publish_next
from tests.storage.store_at import StoreAt

ANEW = replace(product(), created_at="2031-01-01T00:00:00Z", display_name="anew")


@pytest.fixture
def digest(catalog: Catalog, blobs: Blobs) -> str:
    """A blob of `flange`, which has two bank versions and is deleted."""
    stored = blobs.put("flange", "references", b"photograph")
    publish_next(catalog)
    publish_next(catalog)
    catalog.delete("flange")
    return stored


def test_what_comes_back_is_what_was_deleted(catalog: Catalog, blobs: Blobs, digest: str, store_at: StoreAt) -> None:
    catalog.restore("flange")
    for opened in (catalog, store_at.open().catalog):
        assert opened.product("flange") == product()
        assert (opened.pointer("flange").active, opened.versions("flange")) == (2, [1, 2])
        assert opened.manifest("flange", 2).version == 2
    assert blobs.get("flange", "references", digest) == b"photograph"
    publish_next(catalog)
    assert catalog.versions("flange") == [1, 2, 3]


def test_it_is_not_there_meanwhile_not_even_for_the_next_process(
    catalog: Catalog, blobs: Blobs, digest: str, store_at: StoreAt
) -> None:
    assert catalog.product_ids() == store_at.open().catalog.product_ids() == []
    with pytest.raises(ProductNotFound):
        blobs.get("flange", "references", digest)
    catalog.restore("flange")
    assert blobs.get("flange", "references", digest) == b"photograph"


def test_it_comes_back_once(catalog: Catalog, digest: str) -> None:
    assert digest
    catalog.restore("flange")
    with pytest.raises(Conflict):
        catalog.restore("flange")


@pytest.mark.parametrize("taken", ["flange", "Flange"])
def test_an_id_that_is_given_anew_stays_with_who_has_it(
    catalog: Catalog, blobs: Blobs, digest: str, taken: str
) -> None:
    catalog.create(replace(ANEW, product_id=taken))
    with pytest.raises(Conflict, match=taken):
        catalog.restore("flange")
    assert catalog.product(taken).display_name == "anew"
    catalog.delete(taken, purge=True)
    catalog.restore("flange")
    assert (catalog.product("flange"), blobs.get("flange", "references", digest)) == (product(), b"photograph")


def test_of_two_deletions_the_last_comes_back_first(catalog: Catalog, blobs: Blobs, digest: str) -> None:
    catalog.create(ANEW)
    catalog.delete("flange")
    catalog.restore("flange")
    assert catalog.product("flange") == ANEW
    with pytest.raises(BlobMissing):
        blobs.get("flange", "references", digest)
    catalog.delete("flange", purge=True)
    catalog.restore("flange")
    assert catalog.product("flange") == product()


def test_what_is_purged_is_gone(catalog: Catalog, blobs: Blobs, stored_blobs: StoredBlobs) -> None:
    blobs.put("flange", "references", b"photograph")
    catalog.delete("flange", purge=True)
    assert stored_blobs.count() == 0
    for undo in (catalog.restore, lambda product_id: catalog.delete(product_id, purge=True)):
        with pytest.raises(ProductNotFound):
            undo("flange")


def test_a_deleted_product_can_be_purged(catalog: Catalog, digest: str, stored_blobs: StoredBlobs) -> None:
    assert digest
    catalog.delete("flange", purge=True)
    assert stored_blobs.count() == 0
    with pytest.raises(ProductNotFound):
        catalog.restore("flange")


@pytest.mark.parametrize("product_id", ["gear", "flang", "flange.1"])
def test_what_was_never_there_does_not_come_back(catalog: Catalog, digest: str, product_id: str) -> None:
    assert digest
    with pytest.raises(ProductNotFound):
        catalog.restore(product_id)
    with pytest.raises(InvalidProductId):
        catalog.restore("../flange")


def test_after_a_day_it_is_gone_and_its_blobs_go_with_the_next_deletion(
    catalog: Catalog, digest: str, stored_blobs: StoredBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert digest
    for module in (app.storage.disk.deleted, app.storage.redis.deleted):
        monkeypatch.setattr(module, "RESTORABLE_S", -1.0)
    with pytest.raises(ProductNotFound):
        catalog.restore("flange")
    catalog.create(product("gear"))
    catalog.delete("gear", purge=True)
    assert stored_blobs.count() == 0
