import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from app.engine.photograph.appearance import Appearance
from app.errors import Conflict, InvalidProductId, ProductDamaged, ProductNotFound, StaleRevision
from app.storage.documents import BankPointer, CalibrationImage, CalibrationSet, CalibrationTable
from app.storage.store import Blobs, Catalog
from tests.contract.innards import Documents, StoredBlobs
from tests.storage.samples import product, publish_next
from tests.storage.store_at import StoreAt


def test_a_product_is_read_as_it_was_created(catalog: Catalog) -> None:
    assert catalog.product("flange") == product()


def test_a_product_is_there_for_the_next_process(catalog: Catalog, store_at: StoreAt) -> None:
    assert catalog.product("flange") == store_at.open().catalog.product("flange")


def test_ids_are_listed_in_order(catalog: Catalog) -> None:
    for product_id in ("gear", "9", "Axle"):
        catalog.create(product(product_id))
    assert catalog.product_ids() == ["9", "Axle", "flange", "gear"]


def test_a_product_is_created_once(catalog: Catalog) -> None:
    with pytest.raises(Conflict, match="Change it instead"):
        catalog.create(replace(product(), display_name="another"))
    assert catalog.product("flange") == product()


def test_a_creation_that_fails_leaves_nothing_behind(catalog: Catalog, store_at: StoreAt) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        catalog.create(replace(product("gear"), metadata={"ratio": float("inf")}))
    assert catalog.product_ids() == store_at.open().catalog.product_ids() == ["flange"]
    assert not list(store_at.root.glob("*/gear")) + list(store_at.root.glob("transit/*"))


def test_two_ids_may_not_differ_only_in_case(catalog: Catalog, store_at: StoreAt) -> None:
    with pytest.raises(Conflict, match=r"'flange' exists.*only in case"):
        catalog.create(product("Flange"))
    assert catalog.product_ids() == ["flange"]
    assert not list(store_at.root.glob("*/Flange"))


@pytest.mark.parametrize("product_id", ["", "..", "../x", "a/b", ".trash", "a" * 65])
def test_what_is_no_product_id_is_refused(catalog: Catalog, product_id: str) -> None:
    with pytest.raises(InvalidProductId, match="1 to 64 letters"):
        catalog.create(product(product_id))
    with pytest.raises(InvalidProductId):
        catalog.delete(product_id)


def test_an_unknown_product_is_not_found(catalog: Catalog) -> None:
    for read in (catalog.product, catalog.pointer, catalog.versions, catalog.delete):
        with pytest.raises(ProductNotFound, match="'gear'"):
            read("gear")
    with pytest.raises(ProductNotFound):
        catalog.replace(product("gear"))


def test_a_change_counts_the_revision_up(catalog: Catalog) -> None:
    changed = catalog.replace(replace(product(), display_name="new"))
    assert changed == replace(product(), display_name="new", revision=2)
    assert catalog.product("flange") == changed


def test_a_change_of_an_old_revision_is_stale(catalog: Catalog) -> None:
    catalog.replace(product())
    with pytest.raises(StaleRevision, match="at revision 2, not 1"):
        catalog.replace(replace(product(), display_name="lost"))
    assert catalog.product("flange").display_name == product().display_name


def test_no_change_is_lost_between_threads(catalog: Catalog) -> None:
    def count_up() -> None:
        done = 0
        while done < 15:
            stored = catalog.product("flange")
            counted = int(str(stored.metadata.get("count", 0))) + 1
            try:
                catalog.replace(replace(stored, metadata={"count": counted}))
            except StaleRevision:
                continue
            done += 1

    threads = [threading.Thread(target=count_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert catalog.product("flange") == replace(product(), metadata={"count": 30}, revision=31)


def test_of_many_creations_at_once_one_wins(catalog: Catalog) -> None:
    won: list[str] = []

    def create(product_id: str) -> None:
        try:
            catalog.create(product(product_id))
        except Conflict:
            return
        won.append(product_id)

    threads = [threading.Thread(target=create, args=(name,)) for name in ("gear", "Gear", "GEAR", "gear")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert catalog.product_ids() == sorted(["flange", *won])
    assert len(won) == 1


def test_a_deleted_product_is_gone_with_everything(
    catalog: Catalog, blobs: Blobs, stored_blobs: StoredBlobs, store_at: StoreAt
) -> None:
    blobs.put("flange", "segments", b"features")
    publish_next(catalog)
    assert stored_blobs.count() == 1
    catalog.delete("flange", purge=True)
    assert catalog.product_ids() == []
    assert stored_blobs.count() == 0
    assert not list(store_at.root.glob("products/*")) + list(store_at.root.glob("transit/*"))


def test_a_product_created_again_starts_empty(catalog: Catalog, blobs: Blobs) -> None:
    digest = blobs.put("flange", "segments", b"features")
    publish_next(catalog)
    catalog.delete("flange")
    catalog.create(product())
    assert catalog.pointer("flange") == BankPointer()
    assert catalog.versions("flange") == []
    assert blobs.collect("flange", "segments", keep={digest}, grace_s=0) == 0


def test_products_are_created_and_deleted_by_many_at_once(catalog: Catalog, store_at: StoreAt) -> None:
    def again_and_again() -> None:
        for _ in range(20):
            with suppress(Conflict):
                catalog.create(product("gear"))
            with suppress(ProductNotFound):
                catalog.delete("gear")

    threads = [threading.Thread(target=again_and_again) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = catalog.product_ids()
    assert store_at.open().catalog.product_ids() == left
    catalog.create(product("gear")) if "gear" not in left else catalog.delete("gear")
    assert catalog.product_ids() == (["flange"] if "gear" in left else ["flange", "gear"])


def test_damaged_settings_are_kept_in_quarantine(catalog: Catalog, documents: Documents) -> None:
    documents.product(b'{"sha256":"')
    for _ in range(2):
        with pytest.raises(ProductDamaged, match="Send the settings again"):
            catalog.product("flange")
    with pytest.raises(ProductDamaged):
        catalog.replace(product())
    assert documents.quarantined() == [b'{"sha256":"']


def test_settings_sent_again_bring_back_the_product_and_its_banks(catalog: Catalog, documents: Documents) -> None:
    publish_next(catalog)
    documents.product(b"{}")
    catalog.create(product())
    assert catalog.product("flange") == product()
    assert catalog.pointer("flange") == BankPointer(1, 1, 1)
    assert documents.quarantined() == [b"{}"]


def test_a_product_with_damaged_settings_can_be_deleted(catalog: Catalog, documents: Documents) -> None:
    documents.product(b"")
    catalog.delete("flange")
    assert catalog.product_ids() == []


def test_only_a_product_that_is_there_is_made_safe(catalog: Catalog) -> None:
    catalog.secure("flange")
    catalog.delete("flange")
    with pytest.raises(ProductNotFound):
        catalog.secure("flange")


def test_a_calibration_set_is_there_for_the_next_process(catalog: Catalog, store_at: StoreAt) -> None:
    image = CalibrationImage(
        "a" * 64,
        True,
        "part.png",
        "image/png",
        160,
        128,
        12345,
        product().created_at,
        Appearance(99.5, 20.0, 0.4, 0.5, 0.25),
    )
    held_out = CalibrationSet(
        (image, replace(image, sha256="b" * 64, is_good=False)), (CalibrationTable("c" * 64, "d" * 64, 2),)
    )
    changed = catalog.replace(replace(catalog.product("flange"), calibration=held_out))
    assert store_at.open().catalog.product("flange") == changed
    assert changed.calibration == held_out
