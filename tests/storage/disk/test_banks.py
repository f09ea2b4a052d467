import threading
from pathlib import Path

import pytest

from app.errors import BankDamaged, BankNotFound, ProductNotFound, StaleRevision
from app.storage.disk import DiskBlobs, DiskCatalog
from app.storage.documents import BankPointer
from app.storage.documents_json import encode
from tests.storage.samples import manifest, publish_next, reference, register
from tests.storage.writer import start_writer


def _bank(root: Path, version: int) -> Path:
    return root / "products" / "flange" / "banks" / f"{version:08d}.json"


def test_a_new_product_has_no_bank(catalog: DiskCatalog) -> None:
    assert catalog.pointer("flange") == BankPointer(None, 0, 0)
    assert catalog.versions("flange") == []
    with pytest.raises(BankNotFound, match="Kept versions: none"):
        catalog.manifest("flange", 1)


def test_a_published_version_serves(catalog: DiskCatalog) -> None:
    written = manifest(1, (reference(b"one"), reference(b"two")))
    assert catalog.publish("flange", written, BankPointer()) == BankPointer(1, 1, 1)
    assert catalog.pointer("flange") == BankPointer(1, 1, 1)
    assert catalog.manifest("flange", 1) == written


def test_a_version_is_there_for_the_next_process(catalog: DiskCatalog, tmp_path: Path) -> None:
    publish_next(catalog)
    reopened = DiskCatalog(tmp_path)
    assert reopened.pointer("flange") == BankPointer(1, 1, 1)
    assert reopened.manifest("flange", 1) == manifest(1)


def test_a_lost_race_publishes_nothing(catalog: DiskCatalog) -> None:
    publish_next(catalog)
    with pytest.raises(StaleRevision, match="version 1 serves"):
        catalog.publish("flange", manifest(1, (reference(b"other"),)), BankPointer())
    assert catalog.manifest("flange", 1) == manifest(1)
    assert catalog.versions("flange") == [1]


def test_version_numbers_follow_each_other(catalog: DiskCatalog) -> None:
    with pytest.raises(ValueError, match="version 3 does not follow 0"):
        catalog.publish("flange", manifest(3), BankPointer())


def test_nothing_is_published_for_an_unknown_product(catalog: DiskCatalog) -> None:
    with pytest.raises(ProductNotFound):
        catalog.publish("gear", manifest(1), BankPointer())


def test_an_older_version_can_serve_again(catalog: DiskCatalog) -> None:
    publish_next(catalog)
    publish_next(catalog)
    assert catalog.activate("flange", 1, BankPointer(2, 2, 2)) == BankPointer(1, 2, 3)
    assert publish_next(catalog) == 3
    assert catalog.pointer("flange") == BankPointer(3, 3, 4)


def test_activating_on_old_knowledge_is_stale(catalog: DiskCatalog) -> None:
    publish_next(catalog)
    publish_next(catalog)
    with pytest.raises(StaleRevision):
        catalog.activate("flange", 1, BankPointer(1, 1, 1))
    assert catalog.pointer("flange") == BankPointer(2, 2, 2)


def test_only_a_kept_version_can_serve(catalog: DiskCatalog) -> None:
    publish_next(catalog)
    with pytest.raises(BankNotFound, match=r"no bank version 2\. Kept versions: 1"):
        catalog.activate("flange", 2, catalog.pointer("flange"))


def test_a_manifest_that_was_never_published_does_not_show(catalog: DiskCatalog, tmp_path: Path) -> None:
    publish_next(catalog)
    _bank(tmp_path, 2).write_bytes(encode(manifest(2, (reference(b"of a dead writer"),))))
    assert catalog.versions("flange") == [1]
    with pytest.raises(BankNotFound):
        catalog.manifest("flange", 2)
    assert publish_next(catalog) == 2
    assert catalog.manifest("flange", 2) == manifest(2)


def test_pruning_drops_the_oldest_but_never_the_active_one(catalog: DiskCatalog) -> None:
    for _ in range(5):
        publish_next(catalog)
    catalog.activate("flange", 2, catalog.pointer("flange"))
    assert catalog.prune("flange", 2) == [1, 3]
    assert catalog.versions("flange") == [2, 4, 5]
    with pytest.raises(BankNotFound, match="Kept versions: 2, 4, 5"):
        catalog.manifest("flange", 1)


def test_pruning_below_the_bound_drops_nothing(catalog: DiskCatalog) -> None:
    publish_next(catalog)
    assert catalog.prune("flange", 1) == []
    assert catalog.prune("flange", 20) == []


def test_at_least_one_version_is_kept(catalog: DiskCatalog) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        catalog.prune("flange", 0)


def test_a_damaged_version_names_those_that_can_serve_instead(catalog: DiskCatalog, tmp_path: Path) -> None:
    for _ in range(3):
        publish_next(catalog)
    _bank(tmp_path, 3).write_bytes(_bank(tmp_path, 3).read_bytes().replace(b"384", b"385"))
    for _ in range(2):
        with pytest.raises(BankDamaged, match="Activate one of the versions 2, 1 instead, or rebuild"):
            catalog.manifest("flange", 3)
    assert [path.name[:35] for path in (tmp_path / "quarantine").iterdir()] == ["products.flange.banks.00000003.json"]
    assert catalog.activate("flange", 2, catalog.pointer("flange")).active == 2


def test_when_the_only_version_is_damaged_a_rebuild_is_advised(catalog: DiskCatalog, tmp_path: Path) -> None:
    publish_next(catalog)
    _bank(tmp_path, 1).write_bytes(b"")
    with pytest.raises(BankDamaged, match=r"is damaged\. Rebuild the bank\."):
        catalog.manifest("flange", 1)
    assert publish_next(catalog) == 2
    assert catalog.manifest("flange", 2) == manifest(2)


def test_a_missing_file_of_the_version_that_serves_is_damage(catalog: DiskCatalog, tmp_path: Path) -> None:
    publish_next(catalog)
    _bank(tmp_path, 1).unlink()
    with pytest.raises(BankDamaged):
        catalog.manifest("flange", 1)


def test_a_damaged_version_cannot_be_activated(catalog: DiskCatalog, tmp_path: Path) -> None:
    publish_next(catalog)
    publish_next(catalog)
    _bank(tmp_path, 1).write_bytes(b"damaged")
    with pytest.raises(BankDamaged):
        catalog.activate("flange", 1, catalog.pointer("flange"))
    assert catalog.pointer("flange").active == 2


@pytest.mark.parametrize("damage", [b"", b"{}", None])
def test_without_its_pointer_a_product_serves_no_version_until_one_is_chosen(
    catalog: DiskCatalog, tmp_path: Path, damage: bytes | None
) -> None:
    publish_next(catalog)
    publish_next(catalog)
    path = tmp_path / "products" / "flange" / "pointer.json"
    path.unlink() if damage is None else path.write_bytes(damage)
    assert catalog.pointer("flange") == BankPointer(None, 2, 2)
    assert len(list((tmp_path / "quarantine").iterdir())) == (damage is not None)
    assert catalog.activate("flange", 1, BankPointer(None, 2, 2)) == BankPointer(1, 2, 3)


def test_no_registration_is_lost_between_two_threads(catalog: DiskCatalog, blobs: DiskBlobs) -> None:
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


def test_no_registration_is_lost_between_four_processes(catalog: DiskCatalog, tmp_path: Path) -> None:
    writers = [start_writer(tmp_path, name, 20) for name in ("a", "b", "c", "d")]
    for writer in writers:
        _, errors = writer.communicate()
        assert (writer.returncode, errors) == (0, "")
    assert catalog.pointer("flange") == BankPointer(80, 80, 80)
    assert catalog.versions("flange") == list(range(1, 81))
    assert len({entry.sha256 for entry in catalog.manifest("flange", 80).references}) == 80
