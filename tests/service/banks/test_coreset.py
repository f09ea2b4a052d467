"""The coreset of a bank: chosen with the bank, kept while it grows, and a detector of its own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.engine.bank.bank import MemoryBank
from app.engine.options import Coreset
from app.opened_store import opened_store
from app.service.banks.coreset import searched_segments
from app.service.banks.left_out import stored_left_out
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.settings import Settings
from app.storage.documents import BankManifest
from app.storage.open import OpenStore
from app.storage.searched_rows import ChosenRows, stored_coreset
from app.storage.segments import stored_segment
from tests.api.tiny_service import tiny_service
from tests.service.conftest import active, upload

PRODUCT = "flange"
TENTH = {"coreset": {"share": 0.1}}


@pytest.fixture
def store(settings: Settings) -> OpenStore:
    return opened_store(settings)


@pytest.fixture
def reduced(service: Service) -> Service:
    """Three references, of whose rows a tenth is searched."""
    service.products.create(PRODUCT, TENTH)
    service.references.add(PRODUCT, [upload(seed) for seed in (1, 2, 3)])
    return service


@pytest.fixture
def started_again(settings: Settings, reduced: Service) -> Iterator[Service]:
    """The same store with no bank in memory yet."""
    reduced.close()
    made = tiny_service(settings)
    yield made
    made.close()


def chosen(store: OpenStore, manifest: BankManifest) -> ChosenRows:
    found = stored_coreset(store.blobs, PRODUCT, manifest)
    assert found is not None
    return found


def named(store: OpenStore, manifest: BankManifest) -> list[tuple[str, int]]:
    """The chosen rows in their order, by the reference's SHA-256."""
    rows = chosen(store, manifest)
    return [(manifest.references[each].sha256, int(row)) for each, row in zip(rows.reference, rows.row, strict=True)]


def lose(settings: Settings, kind: str) -> None:
    for path in Path(settings.data_dir).rglob(f"{kind}/*"):
        path.unlink()


def test_a_share_of_the_rows_is_searched_and_the_segments_stay_whole(reduced: Service, store: OpenStore) -> None:
    manifest = active(reduced)
    assert manifest.rows == manifest.all_rows // 10 == len(set(named(store, manifest)))
    assert sum(len(part.rows) for part in searched_segments(store.blobs, PRODUCT, manifest)) == manifest.rows


def test_a_number_of_rows_can_be_asked_for(service: Service) -> None:
    service.products.create(PRODUCT, {"coreset": {"rows": 150}})
    service.references.add(PRODUCT, [upload(1)])
    assert active(service).rows == 150


def test_a_new_reference_leaves_what_was_chosen_and_adds_to_it(reduced: Service, store: OpenStore) -> None:
    before = named(store, active(reduced))
    reduced.references.add(PRODUCT, [upload(4)])
    after = named(store, active(reduced))
    assert after[: len(before)] == before
    assert len(after) == active(reduced).all_rows // 10
    assert any(reference == active(reduced).references[3].sha256 for reference, _ in after[len(before) :])


def test_a_deleted_reference_takes_its_rows_with_it(reduced: Service, store: OpenStore) -> None:
    before, gone = named(store, active(reduced)), active(reduced).references[1].sha256
    reduced.references.remove(PRODUCT, gone)
    left = [each for each in before if each[0] != gone]
    assert named(store, active(reduced))[: len(left)] == left
    assert active(reduced).rows >= active(reduced).all_rows // 10


def test_references_are_compared_with_the_chosen_rows_of_the_others(reduced: Service, store: OpenStore) -> None:
    manifest = active(reduced)
    whole = [stored_segment(store.blobs, PRODUCT, entry.segment) for entry in manifest.references]
    searched = list(searched_segments(store.blobs, PRODUCT, manifest))
    table = stored_left_out(store.blobs, PRODUCT, manifest)
    for position, row in table.items():
        others = [part for other, part in enumerate(searched) if other != position]
        expected, _ = MemoryBank(others, "cpu").nearest(whole[position].upright)
        np.testing.assert_allclose(row.distances, expected, atol=1e-6)


def test_what_it_does_to_scores_is_told(reduced: Service) -> None:
    record = active(reduced).coreset
    assert record is not None
    assert record.score is not None
    assert record.score_of_all is not None
    assert record.score > record.score_of_all > 0


def test_a_coreset_is_another_detector(reduced: Service) -> None:
    before = active(reduced)
    reduced.products.change(PRODUCT, {"coreset": None})
    without = active(reduced)
    assert (without.version, without.reason, without.coreset) == (before.version + 1, "settings", None)
    assert without.references == before.references
    assert without.content != before.content
    assert without.left_out == before.left_out_of_all
    reduced.products.change(PRODUCT, TENTH)
    assert active(reduced).content == before.content


def test_a_rollback_brings_the_rows_of_then_back(reduced: Service, store: OpenStore) -> None:
    before = named(store, active(reduced))
    reduced.products.change(PRODUCT, {"coreset": {"share": 0.2}})
    reduced.banks.activate(PRODUCT, 1)
    assert named(store, active(reduced)) == before
    assert reduced.products.view(PRODUCT).rebuild_needed


def test_a_deletion_keeps_to_the_rule_that_made_the_bank(reduced: Service) -> None:
    reduced.products.change(PRODUCT, {"coreset": {"share": 0.2}})
    reduced.banks.activate(PRODUCT, 1)
    reduced.references.remove(PRODUCT, active(reduced).references[0].sha256)
    assert active(reduced).coreset_rule == Coreset(share=0.1)


def test_a_lost_coreset_is_chosen_again(started_again: Service, settings: Settings) -> None:
    before = active(started_again)
    lose(settings, "coresets")
    found = started_again.inspection.inspect(PRODUCT, upload(5).data, InspectionRequest(heatmap=None))
    assert found.bank_version == before.version
    assert active(started_again) == before


def test_one_that_comes_out_otherwise_takes_its_place_with_a_table_of_its_own(
    reduced: Service, settings: Settings
) -> None:
    reduced.references.add(PRODUCT, [upload(4)])
    before = active(reduced)
    reduced.close()
    again = tiny_service(settings)
    lose(settings, "coresets")
    found = again.inspection.inspect(PRODUCT, upload(5).data, InspectionRequest(heatmap=None))
    after = active(again)
    assert (found.bank_version, after.version, after.reason) == (before.version + 1, before.version + 1, "repair")
    assert after.coreset != before.coreset
    assert after.left_out != before.left_out
    again.close()


def test_regions_name_the_patch_that_was_nearest(reduced: Service, store: OpenStore) -> None:
    manifest = active(reduced)
    parts = searched_segments(store.blobs, PRODUCT, manifest)
    bank = MemoryBank(parts, "cpu")
    for number in (0, bank.rows // 2, bank.rows - 1):
        origin = bank.origin(number)
        whole = stored_segment(store.blobs, PRODUCT, manifest.references[origin.reference].segment)
        angle = whole.angles_deg.index(origin.angle_deg)
        np.testing.assert_array_equal(whole.rows[angle * whole.grid.patches + origin.patch], bank.row(number))
