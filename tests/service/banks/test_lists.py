"""The lists of a large bank: made with it, gone on with while it grows, and never what an answer depends on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.engine.bank.bank import Segment
from app.errors import BankDamaged
from app.opened_store import opened_store
from app.service.banks import lists
from app.service.inspection.request import InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.service import Service
from app.settings import Settings
from app.storage.open import OpenStore
from app.storage.searched_rows import stored_lists
from app.storage.segments import stored_segment
from app.storage.store import Blobs
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.service.conftest import active, upload

PRODUCT = "flange"
EXACT_ROWS = 1024
SEEDS = (1, 2, 3)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Three references have more rows than are searched one by one, one has fewer."""
    return settings.model_copy(update={"exact_rows": EXACT_ROWS})


@pytest.fixture
def store(settings: Settings) -> OpenStore:
    return opened_store(settings)


@pytest.fixture
def large(service: Service) -> Service:
    service.references.add(PRODUCT, [upload(seed) for seed in SEEDS])
    return service


@pytest.fixture
def exact(settings: Settings, tmp_path: Path) -> Iterator[Service]:
    """The same product where all rows are searched."""
    made = tiny_service(settings.model_copy(update={"exact_rows": 10**6, "data_dir": tmp_path / "exact"}))
    made.references.add(PRODUCT, [upload(seed) for seed in SEEDS])
    yield made
    made.close()


def inspected(service: Service, seed: int) -> InspectionResult:
    return service.inspection.inspect(PRODUCT, photograph(seed), InspectionRequest(heatmap=None))


def assert_same_answer(found: InspectionResult, expected: InspectionResult) -> None:
    assert found.score == pytest.approx(expected.score, abs=1e-6)
    assert (found.judgement.verdict, found.flags) == (expected.judgement.verdict, expected.flags)
    regions = [[replace(each, peak=0.0) for each in result.regions or ()] for result in (found, expected)]
    assert regions[0] == regions[1]


def restarted(settings: Settings, service: Service) -> Service:
    service.close()
    return tiny_service(settings)


def lose_lists(settings: Settings) -> None:
    for path in Path(settings.data_dir).rglob("lists/*"):
        path.unlink()


def test_a_small_bank_has_no_lists(service: Service) -> None:
    service.references.add(PRODUCT, [upload(1)])
    assert active(service).rows <= EXACT_ROWS
    assert active(service).lists is None


@pytest.mark.parametrize("seed", [*SEEDS, 7, 8, 9])
def test_a_bank_with_lists_answers_as_one_that_searches_all_rows(large: Service, exact: Service, seed: int) -> None:
    assert active(large).lists is not None
    assert active(exact).lists is None
    assert_same_answer(inspected(large, seed), inspected(exact, seed))


def test_a_start_reads_the_lists_and_answers_the_same(settings: Settings, large: Service) -> None:
    before, made = inspected(large, 7), active(large).lists
    again = restarted(settings, large)
    assert_same_answer(inspected(again, 7), before)
    assert active(again).lists == made
    again.close()


def test_lost_lists_change_no_answer(settings: Settings, large: Service) -> None:
    before = inspected(large, 7)
    lose_lists(settings)
    again = restarted(settings, large)
    assert_same_answer(inspected(again, 7), before)
    again.close()


def test_a_new_reference_joins_the_lists_that_there_are(large: Service, store: OpenStore) -> None:
    before = stored_lists(store.blobs, PRODUCT, active(large))
    large.references.add(PRODUCT, [upload(4)])
    after = stored_lists(store.blobs, PRODUCT, active(large))
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(after.centres, before.centres)
    np.testing.assert_array_equal(after.assigned.lists[: len(before.assigned.lists)], before.assigned.lists)
    assert len(after.assigned.lists) == active(large).rows


def test_only_the_new_reference_is_read_to_be_put_into_them(large: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def noted(blobs: Blobs, product_id: str, digest: str) -> Segment:
        read.append(digest)
        return stored_segment(blobs, product_id, digest)

    monkeypatch.setattr(lists, "stored_segment", noted)
    large.references.add(PRODUCT, [upload(4)])
    assert read == [active(large).references[3].segment]


def test_a_bank_twice_as_large_has_new_lists(large: Service) -> None:
    first = active(large).lists
    large.references.add(PRODUCT, [upload(seed) for seed in (4, 5, 6)])
    second = active(large).lists
    assert first is not None
    assert second is not None
    assert (first.centred_rows, second.centred_rows) == (active(large).rows // 2, active(large).rows)


def test_after_a_deletion_the_answer_is_that_of_the_references_left(large: Service, exact: Service) -> None:
    large.references.add(PRODUCT, [upload(4)])
    large.references.remove(PRODUCT, active(large).references[3].sha256)
    assert active(large).lists is not None
    assert_same_answer(inspected(large, 8), inspected(exact, 8))


def test_lists_are_made_of_a_coreset_too(settings: Settings, tmp_path: Path, service: Service) -> None:
    service.products.create(PRODUCT, {"coreset": {"rows": EXACT_ROWS + 100}})
    service.references.add(PRODUCT, [upload(seed) for seed in SEEDS])
    other = tiny_service(settings.model_copy(update={"exact_rows": 10**6, "data_dir": tmp_path / "other"}))
    other.products.create(PRODUCT, {"coreset": {"rows": EXACT_ROWS + 100}})
    other.references.add(PRODUCT, [upload(seed) for seed in SEEDS])
    assert active(service).lists is not None
    assert_same_answer(inspected(service, 7), inspected(other, 7))
    other.close()


@pytest.mark.parametrize("given", [{"profile": "paper"}, {"search": {"near": 1}, "rotation": "off"}])
def test_who_searches_as_the_authors_or_near_a_place_has_no_lists(service: Service, given: dict[str, object]) -> None:
    service.products.create(PRODUCT, given)
    service.references.add(PRODUCT, [upload(seed) for seed in range(1, 20)])
    assert active(service).rows > EXACT_ROWS
    assert active(service).lists is None


@pytest.mark.parametrize("exact_rows", [EXACT_ROWS, 10**6])
def test_rows_of_float16_answer_almost_the_same(
    settings: Settings, tmp_path: Path, exact: Service, exact_rows: int
) -> None:
    update = {"bank_rows": "float16", "exact_rows": exact_rows, "data_dir": tmp_path / "float16"}
    rounded = tiny_service(settings.model_copy(update=update))
    rounded.references.add(PRODUCT, [upload(seed) for seed in SEEDS])
    found, expected = inspected(rounded, 7), inspected(exact, 7)
    assert found.score == pytest.approx(expected.score, abs=2e-4)
    assert active(rounded).content != active(exact).content
    rounded.close()


def test_lists_of_other_rows_are_not_used(large: Service, store: OpenStore) -> None:
    made = active(large).lists
    large.references.add(PRODUCT, [upload(4)])
    wrong = replace(active(large), lists=made)
    with pytest.raises(BankDamaged, match="of other rows"):
        stored_lists(store.blobs, PRODUCT, wrong)
