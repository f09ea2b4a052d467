"""Real photographs through the whole service, where the reference data is at hand: defects score above good parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.assembly import build_service
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import load_settings
from tests.shared import SHARED, needs_shared

PLAIN = InspectionRequest(heatmap=None)
HAZELNUT = SHARED / "data" / "hazelnut"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = build_service(load_settings(data_dir=tmp_path, backbone="embedded"))
    yield made
    made.close()


@needs_shared
def test_cracked_hazelnuts_score_above_good_ones(service: Service) -> None:
    references = sorted((HAZELNUT / "train" / "good").iterdir())[:4]
    service.references.add("hazelnut", [Upload(path.read_bytes(), path.name) for path in references])

    def scores(kind: str) -> list[float]:
        paths = sorted((HAZELNUT / "test" / kind).iterdir())[:4]
        return [service.inspection.inspect("hazelnut", path.read_bytes(), PLAIN).score for path in paths]

    assert min(scores("crack") + scores("print")) > max(scores("good"))
