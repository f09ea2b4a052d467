"""A bank that is searched near each patch's own place: a detector of its own, and never sure of what it did not see."""

from collections.abc import Sequence

import numpy as np
import pytest

from app.engine.bank.bank import MemoryBank
from app.engine.bank.left_out import LeftOut
from app.engine.bank.near import Places
from app.engine.options import Near
from app.opened_store import opened_store
from app.service.accelerator.extraction import ReferenceExtractor
from app.service.banks.left_out import stored_left_out
from app.service.inspection.request import InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.service import Service
from app.settings import Settings
from app.storage.documents import BankManifest
from app.storage.open import OpenStore
from app.storage.segments import stored_segment
from tests.service.conftest import active, upload

PRODUCT = "flange"
NEAR = {"rotation": "off", "search": {"near": 1}}


@pytest.fixture
def store(settings: Settings) -> OpenStore:
    return opened_store(settings)


@pytest.fixture
def fixtured(service: Service) -> Service:
    """Three references, searched near each patch's own place."""
    service.products.create(PRODUCT, NEAR)
    service.references.add(PRODUCT, [upload(seed) for seed in (1, 2, 3)])
    return service


def inspected(service: Service, seed: int) -> InspectionResult:
    return service.inspection.inspect(PRODUCT, upload(seed).data, InspectionRequest(heatmap=None))


def searched_anew(store: OpenStore, manifest: BankManifest) -> list[LeftOut]:
    """Each reference in one bank of all others, and which of them its nearest rows belong to."""
    segments = [stored_segment(store.blobs, PRODUCT, entry.segment) for entry in manifest.references]
    table = []
    for position, part in enumerate(segments):
        others = [other for other in range(len(segments)) if other != position]
        bank = MemoryBank([segments[other] for other in others], "cpu", manifest.search)
        distances, rows = bank.nearest(part.upright, Places(part.grid, np.arange(part.grid.patches)))
        nearest = np.array([others[bank.origin(int(row)).reference] for row in rows], np.int32)
        table.append(LeftOut(distances, nearest, part.foreground))
    return table


def assert_known(store: OpenStore, manifest: BankManifest) -> None:
    """The table of a version is that of a search from the beginning."""
    table: Sequence[LeftOut] = list(stored_left_out(store.blobs, PRODUCT, manifest).values())
    expected = searched_anew(store, manifest)
    assert len(table) == len(expected) == len(manifest.references)
    for ours, theirs in zip(table, expected, strict=True):
        np.testing.assert_allclose(ours.distances, theirs.distances, atol=1e-6)
        np.testing.assert_array_equal(ours.nearest, theirs.nearest)


def test_references_are_compared_near_their_patches_places(fixtured: Service, store: OpenStore) -> None:
    assert active(fixtured).search == Near(1)
    assert_known(store, active(fixtured))


def test_the_table_follows_additions_and_deletions(fixtured: Service, store: OpenStore) -> None:
    fixtured.references.add(PRODUCT, [upload(4)])
    fixtured.references.remove(PRODUCT, active(fixtured).references[0].sha256)
    fixtured.references.add(PRODUCT, [upload(5)])
    assert_known(store, active(fixtured))


def test_another_search_compares_the_references_anew(fixtured: Service, store: OpenStore) -> None:
    for search in ({"near": 3}, "anywhere", {"near": 2}):
        fixtured.products.change(PRODUCT, {"search": search})
        assert_known(store, active(fixtured))


def test_another_search_makes_no_features_again(fixtured: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("features are made again")

    before = active(fixtured)
    monkeypatch.setattr(ReferenceExtractor, "rotations", refused)
    fixtured.products.change(PRODUCT, {"search": {"near": 2}})
    after = active(fixtured)
    assert (after.version, after.reason, after.references) == (before.version + 1, "settings", before.references)


def test_another_search_is_another_detector(fixtured: Service) -> None:
    contents = [active(fixtured).content]
    for search in ({"near": 2}, "anywhere", {"near": 1}):
        fixtured.products.change(PRODUCT, {"search": search})
        contents.append(active(fixtured).content)
    assert len(set(contents)) == 3
    assert contents[0] == contents[3]


def test_a_deletion_keeps_to_the_search_that_made_the_bank(fixtured: Service) -> None:
    version = active(fixtured).version
    fixtured.products.change(PRODUCT, {"search": {"near": 2}})
    fixtured.banks.activate(PRODUCT, version)
    fixtured.references.remove(PRODUCT, active(fixtured).references[0].sha256)
    assert active(fixtured).search == Near(1)


def test_what_no_row_of_a_coreset_is_near_to_is_not_decided(fixtured: Service) -> None:
    threshold = {"value": 2.0, "bank_version": 1}
    fixtured.products.change(PRODUCT, {"threshold": threshold})
    assert inspected(fixtured, 5).judgement.verdict == "ok"
    fixtured.products.change(PRODUCT, {"coreset": {"share": 0.02}})
    found = inspected(fixtured, 5)
    assert "nothing_near" in found.flags
    assert found.judgement.verdict == "not_decidable"
    assert np.isfinite(found.score)


def test_what_no_row_is_near_to_sets_no_threshold(fixtured: Service) -> None:
    fixtured.calibration.add(PRODUCT, [upload(5)], is_good=True)
    [known] = fixtured.products.view(PRODUCT).calibration.images.values()
    assert known.undecidable == ()
    fixtured.products.change(PRODUCT, {"coreset": {"share": 0.02}})
    calibration = fixtured.products.view(PRODUCT).calibration
    [known] = calibration.images.values()
    assert known.undecidable == ("nothing_near",)
    assert (calibration.references, calibration.threshold) == ({}, None)


def test_a_coreset_whose_rows_are_near_everywhere_decides(fixtured: Service) -> None:
    fixtured.products.change(PRODUCT, {"search": {"near": 4}, "coreset": {"share": 0.5}})
    found = inspected(fixtured, 5)
    assert "nothing_near" not in found.flags
    assert found.judgement.threshold is not None
