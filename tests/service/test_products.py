"""Products: settings, changes that rebuild, conflicts."""

import pytest

from app.errors import (
    Conflict,
    InvalidProductId,
    InvalidSettings,
    PreconditionFailed,
    ProductNotFound,
)
from app.service.results import InspectionRequest
from app.service.service import Service
from tests.api.photographs import photograph
from tests.service.conftest import upload

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
    service.products.delete("flange")
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
    assert service.products.load("flange").bank_loaded
