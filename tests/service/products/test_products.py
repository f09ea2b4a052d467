"""Products: settings, changes that rebuild, conflicts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.engine.options import Preprocessing
from app.errors import (
    BackboneMismatch,
    BankDamaged,
    Conflict,
    InvalidProductId,
    InvalidSettings,
    PreconditionFailed,
    ProductNotFound,
)
from app.service.banks.loader import BankNotLoaded
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings
from app.storage.disk.catalog import DiskCatalog
from tests.api.photographs import photograph
from tests.service.conftest import upload
from tests.service.inspection.test_inspection import disc

PLAIN = InspectionRequest(heatmap=None)


@pytest.mark.parametrize("product_id", ["", "../x", "a/b", "x" * 65, ".hidden", "a b", "ä"])
def test_an_id_that_is_no_folder_name_is_refused(service: Service, product_id: str) -> None:
    with pytest.raises(InvalidProductId):
        service.products.create(product_id)
    with pytest.raises(InvalidProductId):
        service.references.add(product_id, [upload(1)])


def test_ids_that_differ_in_case_only_conflict(service: Service) -> None:
    service.products.create("Flange")
    with pytest.raises(Conflict):
        service.products.create("flange")


def test_a_change_of_what_makes_features_rebuilds_the_bank(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    changed = service.products.change("flange", {"rotation": "off"})
    assert (changed.bank_version, changed.rebuild_needed) == (2, False)
    assert service.banks.manifest("flange", 2).rows == 8 * 10


def test_a_change_of_the_statistic_rebuilds_nothing(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    before = service.inspection.inspect("flange", photograph(2), PLAIN).score
    assert service.products.change("flange", {"statistic": "max"}).bank_version == 1
    assert service.inspection.inspect("flange", photograph(2), PLAIN).score >= before


def test_a_rolled_back_bank_answers_with_its_own_preprocessing(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    before = service.inspection.inspect("flange", photograph(2), PLAIN).score
    service.products.change("flange", {"smaller_edge": 224})
    service.banks.activate("flange", 1)
    assert service.inspection.inspect("flange", photograph(2), PLAIN).score == before
    assert service.products.view("flange").rebuild_needed


def test_put_replaces_and_what_is_not_given_takes_the_default(service: Service) -> None:
    assert service.products.put("flange", {"masking": "off"}, "Flange", {"line": 3})[1]
    replaced, created = service.products.put("flange", {"statistic": "max"})
    assert not created
    assert (replaced.product.settings.masking, replaced.product.display_name) == ("auto", None)


def test_a_change_of_another_revision_fails(service: Service) -> None:
    service.products.create("flange")
    service.products.change("flange", {"masking": "off"}, expected_revision=1)
    with pytest.raises(PreconditionFailed, match="revision 2"):
        service.products.change("flange", {"masking": "on"}, expected_revision=1)


def test_an_unknown_backbone_is_refused_before_anything_changes(service: Service) -> None:
    service.products.create("flange")
    with pytest.raises(InvalidSettings, match="tiny"):
        service.products.change("flange", {"backbone": "resnet"})
    assert service.products.view("flange").product.revision == 1


def test_a_product_deleted_and_created_again_starts_empty(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    service.inspection.inspect("flange", photograph(1), PLAIN)
    service.deletion.delete("flange")
    with pytest.raises(ProductNotFound):
        service.products.view("flange")
    service.references.add("flange", [upload(2)])
    assert service.inspection.inspect("flange", photograph(2), PLAIN).bank_version == 1
    assert len(service.references.entries("flange")) == 1


def test_the_list_goes_on_behind_an_id(service: Service) -> None:
    for name in ("c", "a", "b"):
        service.products.create(name)
    assert [view.product.product_id for view in service.products.page("a", 1)] == ["b"]


def test_loading_brings_the_bank_into_memory(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    assert not service.products.view("flange").bank_loaded
    with pytest.raises(BankNotLoaded) as cold:
        service.products.load("flange")
    service.banks.load(cold.value.cold.wanted).result()
    assert service.products.load("flange").bank_loaded


def test_settings_that_change_while_a_bank_is_made_are_those_of_the_bank(service: Service) -> None:
    """A change arrives in the middle of the first registration: the bank that serves is made with it all the same."""
    service.products.create("flange")
    with ThreadPoolExecutor(2) as callers:
        registration = callers.submit(service.references.add, "flange", [upload(seed) for seed in range(6)])
        while not (service.readiness().waiting or registration.done()):
            pass
        service.products.change("flange", {"smaller_edge": 224})
        registration.result()
    view = service.products.view("flange")
    assert (view.references, view.rebuild_needed) == (6, False)


def test_a_changed_profile_runs_the_masking_test_with_its_masks(service: Service, settings: Settings) -> None:
    service.references.add("flange", [upload(1)])
    assert service.products.change("flange", {"profile": "paper"}).bank_version == 2
    record = DiskCatalog(settings.store_dir).manifest("flange", 2).masking
    assert record is not None
    assert record.profile == "paper"


def test_a_change_that_cannot_be_carried_out_leaves_the_settings_as_they_were(
    service: Service, settings: Settings
) -> None:
    lose_images(service, settings)
    with pytest.raises(BankDamaged, match="Register that photograph again, or delete the reference"):
        service.products.change("flange", {"smaller_edge": 224})
    view = service.products.view("flange")
    assert (view.product.settings.smaller_edge, view.rebuild_needed) == (112, False)


def test_references_whose_images_are_lost_can_be_deleted_one_by_one(service: Service, settings: Settings) -> None:
    first, second = lose_images(service, settings)
    service.references.remove("flange", second)
    assert [entry.sha256 for entry in service.references.entries("flange")] == [first]


def test_the_list_goes_on_past_a_damaged_product(service: Service, settings: Settings) -> None:
    for name in "abcd":
        service.products.create(name)
    (settings.store_dir / "products" / "a" / "product.json").write_bytes(b"?")
    assert [view.product.product_id for view in service.products.page(None, 2)] == ["b", "c"]


def test_a_damaged_bank_is_told_with_the_product(service: Service, settings: Settings) -> None:
    service.references.add("flange", [upload(1)])
    (settings.store_dir / "products" / "flange" / "banks" / "00000001.json").write_bytes(b"?")
    view = service.products.view("flange")
    assert not view.ready
    assert "damaged" in (view.problem or "")


def test_a_bank_of_a_backbone_that_the_registry_lost_needs_a_rebuild(service: Service, settings: Settings) -> None:
    manifest = service.references.add("flange", [upload(1)]).manifest
    catalog = DiskCatalog(settings.store_dir)
    gone = replace(manifest, version=2, backbone="gone", backbone_sha256="1" * 64)
    catalog.publish("flange", gone, catalog.pointer("flange"))
    with pytest.raises(BackboneMismatch, match="POST /products/flange/banks"):
        service.inspection.inspect("flange", photograph(1), PLAIN)
    assert service.products.view("flange").rebuild_needed
    assert service.banks.rebuild("flange").backbone == "tiny"


def lose_images(service: Service, settings: Settings) -> tuple[str, ...]:
    """Two registered references whose images as uploaded are lost afterwards."""
    received = service.references.add("flange", [upload(1), upload(2)]).received
    for file in (settings.store_dir / "products" / "flange" / "references").iterdir():
        file.unlink()
    return received


def test_a_bank_of_an_earlier_release_answers_as_it_was_made_until_it_is_rebuilt(
    service: Service, settings: Settings
) -> None:
    """An earlier release cropped images to whole patches and said nothing of it in the manifest."""
    service.products.create("flange", {"smaller_edge": 125, "masking": "off"})
    service.references.add("flange", [upload(1)])
    catalog = DiskCatalog(settings.store_dir)
    manifest = service.banks.active("flange")
    assert manifest is not None
    old = replace(manifest, version=2, preprocessing=Preprocessing(125, "on"))
    catalog.publish("flange", old, catalog.pointer("flange"))
    service.changed("flange")
    assert service.products.view("flange").rebuild_needed
    assert service.inspection.inspect("flange", photograph(2), PLAIN).unseen_edge is not None
    service.banks.rebuild("flange")
    assert not service.products.view("flange").rebuild_needed
    assert service.inspection.inspect("flange", photograph(2), PLAIN).unseen_edge is None


def test_a_percentile_below_the_share_of_background_is_refused(service: Service) -> None:
    service.products.create("disc", {"masking": "on"})
    service.references.add("disc", [Upload(disc(radius)) for radius in (29, 30, 31)])
    with pytest.raises(InvalidSettings, match=r"statistic.q: .*foreground_only"):
        service.products.change("disc", {"statistic": {"name": "percentile", "q": 95}})
    chosen = {"name": "percentile", "q": 95, "foreground_only": True}
    assert service.products.change("disc", {"statistic": chosen}).product.settings.statistic.foreground_only
