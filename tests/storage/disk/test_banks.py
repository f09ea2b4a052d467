from pathlib import Path

import pytest

from app.errors import BankNotFound
from app.storage.disk import DiskCatalog
from app.storage.documents_json import encode
from tests.storage.samples import manifest, publish_next, reference


def _bank(root: Path, version: int) -> Path:
    return root / "products" / "flange" / "banks" / f"{version:08d}.json"


def test_a_manifest_that_was_never_published_does_not_show(catalog: DiskCatalog, tmp_path: Path) -> None:
    publish_next(catalog)
    _bank(tmp_path, 2).write_bytes(encode(manifest(2, (reference(b"of a dead writer"),))))
    assert catalog.versions("flange") == [1]
    with pytest.raises(BankNotFound):
        catalog.manifest("flange", 2)
    assert publish_next(catalog) == 2
    assert catalog.manifest("flange", 2) == manifest(2)
