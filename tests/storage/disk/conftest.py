from pathlib import Path

import pytest

from app.storage.disk import DiskBlobs, DiskCatalog
from tests.storage.samples import product


@pytest.fixture
def catalog(tmp_path: Path) -> DiskCatalog:
    """An empty store with one product, `flange`."""
    catalog = DiskCatalog(tmp_path)
    catalog.create(product())
    return catalog


@pytest.fixture
def blobs(tmp_path: Path, catalog: DiskCatalog) -> DiskBlobs:
    assert catalog.product_ids() == ["flange"]
    return DiskBlobs(tmp_path)
