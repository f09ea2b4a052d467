import threading
from dataclasses import replace

import pytest

from app.errors import BankDamaged, BankNotFound, ProductNotFound, StaleRevision
from app.storage.documents import BankPointer
from app.storage.store import Blobs, Catalog
from tests.contract.innards import Documents
from tests.storage.samples import manifest, product, publish_next, reference, register
from tests.storage.store_at import StoreAt


def test_a_new_product_has_no_bank(catalog: Catalog) -> None:
    assert catalog.pointer("flange") == BankPointer(None, 0, 0)
    assert catalog.versions("flange") == []
    with pytest.raises(BankNotFound, match="Kept versions: none"):
        catalog.manifest("flange", 1)


def test_a_published_version_serves(catalog: Catalog) -> None:
    written = manifest(1, (reference(b"one"), reference(b"two")))
    assert catalog.publish("flange", written, BankPointer()) == BankPointer(1, 1, 1)
    assert catalog.pointer("flange") == BankPointer(1, 1, 1)
    assert catalog.manifest("flange", 1) == written


def test_a_version_may_be_kept_beside_the_one_that_serves(catalog: Catalog) -> None:
    publish_next(catalog)
    beside = replace(manifest(2, (reference(b"more"),)), reason="proposal", evaluation="3" * 64)
    assert catalog.publish("flange", beside, BankPointer(1, 1, 1), serves=False) == BankPointer(1, 2, 2)
    assert (catalog.manifest("flange", 2), catalog.versions("flange")) == (beside, [1, 2])
    assert publish_next(catalog) == 3
    assert catalog.pointer("flange") == BankPointer(3, 3, 3)


def test_a_version_that_does_not_serve_is_published_on_present_knowledge_only(catalog: Catalog) -> None:
    publish_next(catalog)
    with pytest.raises(StaleRevision):
        catalog.publish("flange", manifest(1), BankPointer(), serves=False)
    assert catalog.pointer("flange") == BankPointer(1, 1, 1)


def test_a_version_is_there_for_the_next_process(catalog: Catalog, store_at: StoreAt) -> None:
    publish_next(catalog)
    reopened = store_at.open().catalog
    assert reopened.pointer("flange") == BankPointer(1, 1, 1)
    assert reopened.manifest("flange", 1) == manifest(1)


def test_a_lost_race_publishes_nothing(catalog: Catalog) -> None:
    publish_next(catalog)
    with pytest.raises(StaleRevision, match="version 1 serves"):
        catalog.publish("flange", manifest(1, (reference(b"other"),)), BankPointer())
    assert catalog.manifest("flange", 1) == manifest(1)
    assert catalog.versions("flange") == [1]


def test_a_bank_is_published_only_for_the_settings_that_made_it(catalog: Catalog) -> None:
    catalog.replace(product())
    with pytest.raises(StaleRevision, match="changed meanwhile"):
        catalog.publish("flange", manifest(1), BankPointer(), made_for=product())
    assert catalog.versions("flange") == []


def test_a_bank_of_a_deleted_product_is_not_published_for_the_next_one(catalog: Catalog) -> None:
    catalog.delete("flange")
    catalog.create(replace(product(), created_at="2026-01-02T03:04:06Z"))
    with pytest.raises(ProductNotFound, match="deleted meanwhile"):
        catalog.publish("flange", manifest(1), BankPointer(), made_for=product())


def test_version_numbers_follow_each_other(catalog: Catalog) -> None:
    with pytest.raises(ValueError, match="version 3 does not follow 0"):
        catalog.publish("flange", manifest(3), BankPointer())


def test_nothing_is_published_for_an_unknown_product(catalog: Catalog) -> None:
    with pytest.raises(ProductNotFound):
        catalog.publish("gear", manifest(1), BankPointer())


def test_an_older_version_can_serve_again(catalog: Catalog) -> None:
    publish_next(catalog)
    publish_next(catalog)
    assert catalog.activate("flange", 1, BankPointer(2, 2, 2)) == BankPointer(1, 2, 3)
    assert publish_next(catalog) == 3
    assert catalog.pointer("flange") == BankPointer(3, 3, 4)


def test_activating_on_old_knowledge_is_stale(catalog: Catalog) -> None:
    publish_next(catalog)
    publish_next(catalog)
    with pytest.raises(StaleRevision):
        catalog.activate("flange", 1, BankPointer(1, 1, 1))
    assert catalog.pointer("flange") == BankPointer(2, 2, 2)


def test_only_a_kept_version_can_serve(catalog: Catalog) -> None:
    publish_next(catalog)
    with pytest.raises(BankNotFound, match=r"no bank version 2\. Kept versions: 1"):
        catalog.activate("flange", 2, catalog.pointer("flange"))


def test_pruning_drops_the_oldest_but_never_the_active_one(catalog: Catalog) -> None:
    for _ in range(5):
        publish_next(catalog)
    catalog.activate("flange", 2, catalog.pointer("flange"))
    assert catalog.prune("flange", 2) == [1, 3]
    assert catalog.versions("flange") == [2, 4, 5]
    with pytest.raises(BankNotFound, match="Kept versions: 2, 4, 5"):
        catalog.manifest("flange", 1)


def test_pruning_below_the_bound_drops_nothing(catalog: Catalog) -> None:
    publish_next(catalog)
    assert catalog.prune("flange", 1) == []
    assert catalog.prune("flange", 20) == []


def test_at_least_one_version_is_kept(catalog: Catalog) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        catalog.prune("flange", 0)


def test_a_damaged_version_names_those_that_can_serve_instead(catalog: Catalog, documents: Documents) -> None:
    for _ in range(3):
        publish_next(catalog)
    documents.bank(3, b"damaged")
    for _ in range(2):
        with pytest.raises(BankDamaged, match=r"Activate one of the versions 2, 1 instead, or rebuild"):
            catalog.manifest("flange", 3)
    assert documents.quarantined() == [b"damaged"]
    assert catalog.activate("flange", 2, catalog.pointer("flange")).active == 2


def test_when_the_only_version_is_damaged_a_rebuild_is_advised(catalog: Catalog, documents: Documents) -> None:
    publish_next(catalog)
    documents.bank(1, b"")
    with pytest.raises(BankDamaged, match=r"is damaged\. Rebuild the bank\."):
        catalog.manifest("flange", 1)
    assert publish_next(catalog) == 2
    assert catalog.manifest("flange", 2) == manifest(2)


def test_a_missing_manifest_of_the_version_that_serves_is_damage(catalog: Catalog, documents: Documents) -> None:
    publish_next(catalog)
    documents.bank(1, None)
    with pytest.raises(BankDamaged):
        catalog.manifest("flange", 1)


def test_a_damaged_version_cannot_be_activated(catalog: Catalog, documents: Documents) -> None:
    publish_next(catalog)
    publish_next(catalog)
    documents.bank(1, b"damaged")
    with pytest.raises(BankDamaged):
        catalog.activate("flange", 1, catalog.pointer("flange"))
    assert catalog.pointer("flange").active == 2


@pytest.mark.parametrize("damage", [b"", b"{}", None])
def test_without_its_pointer_a_product_serves_no_version_until_one_is_chosen(
    catalog: Catalog, documents: Documents, damage: bytes | None
) -> None:
    publish_next(catalog)
    publish_next(catalog)
    documents.pointer(damage)
    assert catalog.pointer("flange") == BankPointer(None, 2, 2)
    assert documents.quarantined() == ([] if damage is None else [damage])
    assert catalog.activate("flange", 1, BankPointer(None, 2, 2)) == BankPointer(1, 2, 3)


def test_a_change_finds_a_damaged_pointer_by_itself(catalog: Catalog, documents: Documents) -> None:
    publish_next(catalog)
    documents.pointer(b"damaged")
    assert catalog.publish("flange", manifest(2), BankPointer(None, 1, 1)) == BankPointer(2, 2, 2)


def test_no_registration_is_lost_between_two_threads(catalog: Catalog, blobs: Blobs) -> None:
    def write(name: str) -> None:
        for number in range(20):
            register(catalog, blobs, "flange", f"{name} {number}".encode())

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert catalog.pointer("flange") == BankPointer(40, 40, 40)
    assert len({entry.sha256 for entry in catalog.manifest("flange", 40).references}) == 40
