import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import Conflict, InvalidProductId, ProductDamaged, ProductNotFound, StaleRevision
from app.storage.disk import DiskBlobs, DiskCatalog
from app.storage.documents import BankPointer
from tests.storage.samples import product, publish_next


def test_a_product_is_read_as_it_was_created(catalog: DiskCatalog) -> None:
    assert catalog.product("flange") == product()


def test_a_product_is_there_for_the_next_process(catalog: DiskCatalog, tmp_path: Path) -> None:
    assert catalog.product("flange") == DiskCatalog(tmp_path).product("flange")


def test_ids_are_listed_in_order(catalog: DiskCatalog, tmp_path: Path) -> None:
    for product_id in ("gear", "9", "Axle"):
        catalog.create(product(product_id))
    (tmp_path / "products" / ".DS_Store").write_bytes(b"")
    assert catalog.product_ids() == ["9", "Axle", "flange", "gear"]


def test_a_product_is_created_once(catalog: DiskCatalog) -> None:
    with pytest.raises(Conflict, match="Change it instead"):
        catalog.create(replace(product(), display_name="another"))
    assert catalog.product("flange") == product()


def test_a_creation_that_fails_leaves_nothing_behind(catalog: DiskCatalog, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        catalog.create(replace(product("gear"), metadata={"ratio": float("inf")}))
    assert catalog.product_ids() == ["flange"]
    assert list((tmp_path / "transit").iterdir()) == []


def test_two_ids_may_not_differ_only_in_case(catalog: DiskCatalog) -> None:
    with pytest.raises(Conflict, match=r"'flange' exists.*only in case"):
        catalog.create(product("Flange"))
    assert catalog.product_ids() == ["flange"]


@pytest.mark.parametrize("product_id", ["", "..", "../x", "a/b", ".trash", "a" * 65])
def test_what_is_no_product_id_is_refused(catalog: DiskCatalog, product_id: str) -> None:
    with pytest.raises(InvalidProductId, match="1 to 64 letters"):
        catalog.create(product(product_id))
    with pytest.raises(InvalidProductId):
        catalog.delete(product_id)


def test_an_unknown_product_is_not_found(catalog: DiskCatalog) -> None:
    for read in (catalog.product, catalog.pointer, catalog.versions, catalog.delete):
        with pytest.raises(ProductNotFound, match="'gear'"):
            read("gear")
    with pytest.raises(ProductNotFound):
        catalog.replace(product("gear"))


def test_a_change_counts_the_revision_up(catalog: DiskCatalog) -> None:
    changed = catalog.replace(replace(product(), display_name="new"))
    assert changed == replace(product(), display_name="new", revision=2)
    assert catalog.product("flange") == changed


def test_a_change_of_an_old_revision_is_stale(catalog: DiskCatalog) -> None:
    catalog.replace(product())
    with pytest.raises(StaleRevision, match="at revision 2, not 1"):
        catalog.replace(replace(product(), display_name="lost"))
    assert catalog.product("flange").display_name == product().display_name


def test_no_change_is_lost_between_threads(catalog: DiskCatalog) -> None:
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


def test_of_many_creations_at_once_one_wins(catalog: DiskCatalog) -> None:
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


def test_a_deleted_product_is_gone_with_everything(catalog: DiskCatalog, blobs: DiskBlobs, tmp_path: Path) -> None:
    blobs.put("flange", "segments", b"features")
    publish_next(catalog)
    catalog.delete("flange")
    assert catalog.product_ids() == []
    assert list((tmp_path / "products").iterdir()) == list((tmp_path / "transit").iterdir()) == []


def test_a_product_created_again_starts_empty(catalog: DiskCatalog) -> None:
    publish_next(catalog)
    catalog.delete("flange")
    catalog.create(product())
    assert catalog.pointer("flange") == BankPointer()
    assert catalog.versions("flange") == []


def test_a_deletion_that_was_cut_short_is_finished_at_the_next_start(catalog: DiskCatalog, tmp_path: Path) -> None:
    assert catalog.product_ids() == ["flange"]
    shutil.move(tmp_path / "products" / "flange", tmp_path / "transit" / "0123")
    reopened = DiskCatalog(tmp_path)
    assert reopened.product_ids() == []
    assert list((tmp_path / "transit").iterdir()) == []


def test_damaged_settings_are_kept_in_quarantine(catalog: DiskCatalog, tmp_path: Path) -> None:
    path = tmp_path / "products" / "flange" / "product.json"
    path.write_bytes(path.read_bytes()[:-20])
    for _ in range(2):
        with pytest.raises(ProductDamaged, match="Send the settings again"):
            catalog.product("flange")
    with pytest.raises(ProductDamaged):
        catalog.replace(product())
    assert len(list((tmp_path / "quarantine").iterdir())) == 1


def test_settings_sent_again_bring_back_the_product_and_its_banks(catalog: DiskCatalog, tmp_path: Path) -> None:
    publish_next(catalog)
    (tmp_path / "products" / "flange" / "product.json").write_bytes(b"{}")
    catalog.create(product())
    assert catalog.product("flange") == product()
    assert catalog.pointer("flange") == BankPointer(1, 1, 1)


def test_a_product_with_damaged_settings_can_be_deleted(catalog: DiskCatalog, tmp_path: Path) -> None:
    (tmp_path / "products" / "flange" / "product.json").write_bytes(b"")
    catalog.delete("flange")
    assert catalog.product_ids() == []
