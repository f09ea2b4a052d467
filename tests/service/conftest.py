"""A real service on a temporary store, on the tiny backbone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings, load_settings
from app.storage.documents import BankManifest
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "store", smaller_edge=112, keep_versions=5)


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    made = tiny_service(settings)
    yield made
    made.close()


def upload(seed: int) -> Upload:
    """A photograph; another seed, another picture."""
    return Upload(photograph(seed), f"part_{seed}.png")


def active(service: Service, product_id: str = "flange") -> BankManifest:
    """The bank version that serves the product."""
    manifest = service.banks.active(product_id)
    assert manifest is not None
    return manifest
