"""Segments that are lost when a version is made: made again where they are needed, elsewhere by the next load."""

import pytest

from app.engine.bank import left_out
from app.errors import BankDamaged
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.settings import Settings
from tests.api.photographs import photograph
from tests.service.conftest import active, upload

PRODUCT = "flange"


def lose(settings: Settings, kind: str, name: str) -> None:
    (settings.store_dir / "products" / PRODUCT / kind / name).unlink()


@pytest.fixture
def registered(service: Service) -> Service:
    service.references.add(PRODUCT, [upload(seed) for seed in (1, 2, 3)])
    return service


def test_a_lost_segment_that_a_registration_needs_is_made_again(registered: Service, settings: Settings) -> None:
    before = active(registered).references
    lose(settings, "segments", before[1].segment)
    registered.references.add(PRODUCT, [upload(4)])
    assert active(registered).references[:3] == before
    assert (settings.store_dir / "products" / PRODUCT / "segments" / before[1].segment).is_file()


def test_with_its_image_lost_too_nothing_is_published(registered: Service, settings: Settings) -> None:
    before = active(registered)
    lose(settings, "segments", before.references[1].segment)
    lose(settings, "references", before.references[1].sha256)
    with pytest.raises(BankDamaged, match="Register that photograph again"):
        registered.references.add(PRODUCT, [upload(4)])
    assert active(registered) == before


def test_one_that_a_deletion_does_not_need_is_made_again_when_the_bank_is_loaded(
    registered: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_out, "COMPARED_REFERENCES", 0)
    references = active(registered).references
    lose(settings, "segments", references[1].segment)
    registered.references.remove(PRODUCT, references[2].sha256)
    found = registered.inspection.inspect(PRODUCT, photograph(9), InspectionRequest(heatmap=None))
    assert found.bank_version == active(registered).version == 2
