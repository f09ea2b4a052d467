"""Registering, deleting and rolling back references."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from app.errors import (
    BankDamaged,
    Conflict,
    ImageTruncated,
    InvalidRequest,
    NoReferences,
    ProductNotFound,
    ReferenceNotFound,
    StorageUnavailable,
    TooManyImages,
)
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings, load_settings
from app.storage.disk.catalog import DiskCatalog
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.redis_server import RedisServer
from tests.service.conftest import upload

PLAIN = InspectionRequest(heatmap=None)


def blob_files(settings: Settings, kind: str) -> set[Path]:
    return set((settings.store_dir / "products" / "flange" / kind).iterdir())


def test_a_registration_creates_the_product_and_version_one(service: Service) -> None:
    registered = service.references.add("flange", [upload(1), upload(2)])
    assert (registered.product_created, registered.manifest.version) == (True, 1)
    assert registered.manifest.rows == 2 * 8 * 8 * 10
    assert service.references.image("flange", registered.received[0]) == (photograph(1), "image/png")


def test_repeating_a_registration_changes_nothing(service: Service, settings: Settings) -> None:
    first = service.references.add("flange", [upload(1)])
    before = blob_files(settings, "segments")
    again = service.references.add("flange", [upload(1), upload(1)])
    assert again.manifest == first.manifest
    assert again.already_present == set(first.received)
    assert blob_files(settings, "segments") == before


@pytest.fixture
def replica(tmp_path: Path, redis_server: RedisServer) -> Iterator[Service]:
    """A service on a volume that Redis coordinates, with the photographs 1 and 3 registered for `flange`."""
    settings = load_settings(store_url=f"disk://{tmp_path}", coordination_url=redis_server.url, smaller_edge=112)
    made = tiny_service(settings)
    made.references.add("flange", [upload(1), upload(3)])
    yield made
    made.close()


def _register_two(service: Service) -> None:
    service.references.add("flange", [upload(2)])


def _remove_one(service: Service) -> None:
    with suppress(ReferenceNotFound):
        service.references.remove("flange", sha256(photograph(1)).hexdigest())


@pytest.mark.parametrize("change", [_register_two, _remove_one])
def test_a_change_that_is_not_safe_yet_is_not_acknowledged_however_often_it_is_sent(
    replica: Service, tmp_path: Path, change: Callable[[Service], None]
) -> None:
    banks = tmp_path / "products" / "flange" / "banks"
    banks.rename(tmp_path / "banks")
    banks.write_bytes(b"a file in its place")
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match=r"is in force.*send it again"):
            change(replica)
    banks.unlink()
    (tmp_path / "banks").rename(banks)
    change(replica)
    assert DiskCatalog(tmp_path).pointer("flange").active == 2


def test_one_bad_image_of_several_registers_none_and_is_named(service: Service) -> None:
    with pytest.raises(ImageTruncated, match=r"Image 2 \(cut\.png\)"):
        service.references.add("flange", [upload(1), Upload(photograph(2)[:-30], "cut.png")])
    with pytest.raises(ProductNotFound):
        service.products.view("flange")


def test_nothing_or_too_much_is_refused(service: Service, settings: Settings) -> None:
    with pytest.raises(InvalidRequest, match="No image"):
        service.references.add("flange", [])
    with pytest.raises(TooManyImages, match=str(settings.max_images_per_request)):
        service.references.add("flange", [upload(1)] * (settings.max_images_per_request + 1))


def test_registrations_at_the_same_moment_lose_nothing(service: Service) -> None:
    service.references.add("flange", [upload(0)])
    with ThreadPoolExecutor(4) as callers:
        list(callers.map(lambda seed: service.references.add("flange", [upload(seed)]), range(1, 9)))
    assert len(service.references.entries("flange")) == 9
    assert service.products.view("flange").bank_version == 9


def test_a_deleted_reference_no_longer_counts_and_comes_back_with_a_rollback(service: Service) -> None:
    kept, gone = service.references.add("flange", [upload(1), upload(2)]).received
    service.references.remove("flange", gone)
    assert [entry.sha256 for entry in service.references.entries("flange")] == [kept]
    with pytest.raises(ReferenceNotFound):
        service.references.remove("flange", gone)
    service.banks.activate("flange", 1)
    assert service.inspection.inspect("flange", photograph(2), PLAIN).bank_version == 1
    assert len(service.references.entries("flange")) == 2


def test_the_masking_test_moves_to_another_reference_with_the_deletion_of_its_own(service: Service) -> None:
    first, second = service.references.add("flange", [upload(1), upload(2)]).received
    assert service.masking.view("flange").reference == first
    service.references.remove("flange", first)
    assert service.masking.view("flange").reference == second


def test_versions_beyond_the_limit_go_and_the_active_one_stays(service: Service) -> None:
    for seed in range(7):
        service.references.add("flange", [upload(seed)])
    assert [manifest.version for manifest in service.banks.manifests("flange")[0]] == [7, 6, 5, 4, 3]


def test_a_damaged_segment_is_made_again_from_its_reference(service: Service, settings: Settings) -> None:
    service.references.add("flange", [upload(1)])
    before = service.inspection.inspect("flange", photograph(2), PLAIN)
    (segment,) = blob_files(settings, "segments")
    segment.write_bytes(segment.read_bytes()[:-1] + b"?")
    restarted = tiny_service(settings)
    after = restarted.inspection.inspect("flange", photograph(2), PLAIN)
    restarted.close()
    assert (after.score, after.bank_version) == (before.score, before.bank_version)
    assert len(list((settings.store_dir / "quarantine").iterdir())) == 1


def test_with_its_image_lost_too_the_bank_says_what_to_do(service: Service, settings: Settings) -> None:
    service.references.add("flange", [upload(1)])
    for file in blob_files(settings, "segments") | blob_files(settings, "references"):
        file.write_bytes(b"?")
    restarted = tiny_service(settings)
    with pytest.raises(BankDamaged, match="Register that photograph again"):
        restarted.inspection.inspect("flange", photograph(2), PLAIN)
    restarted.references.add("flange", [upload(1)])
    restarted.banks.rebuild("flange")
    assert restarted.inspection.inspect("flange", photograph(1), PLAIN).bank_version == 2
    restarted.close()


def test_without_automatic_creation_an_unknown_product_is_not_found(tmp_path: Path) -> None:
    strict = tiny_service(load_settings(data_dir=tmp_path, smaller_edge=112, auto_create_products=False))
    with pytest.raises(ProductNotFound):
        strict.references.add("flange", [upload(1)])
    strict.close()


def test_an_id_that_differs_only_in_case_is_told_as_such(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    with pytest.raises(Conflict, match="differs from it only in case"):
        service.references.add("FLANGE", [upload(2)])


def test_what_was_present_is_told_from_what_is_new(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    registered = service.references.add("flange", [upload(1), upload(2)])
    assert len(registered.manifest.references) == 2
    assert registered.already_present == {registered.received[0]}


def test_a_bank_is_not_published_for_a_product_that_was_deleted_and_created_again(
    service: Service, settings: Settings
) -> None:
    manifest = service.references.add("flange", [upload(1)]).manifest
    catalog = DiskCatalog(settings.store_dir)
    before, pointer = catalog.product("flange"), catalog.pointer("flange")
    service.deletion.delete("flange")
    service.products.create("flange")
    with pytest.raises(ProductNotFound):
        catalog.publish("flange", replace(manifest, version=2), pointer, made_for=before)


def test_a_product_without_any_reference_has_nothing_to_rebuild(service: Service) -> None:
    service.products.create("flange")
    with pytest.raises(NoReferences):
        service.banks.rebuild("flange")
