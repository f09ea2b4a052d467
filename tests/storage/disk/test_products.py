import shutil
from pathlib import Path

from app.storage.disk import DiskCatalog


def test_a_deletion_that_was_cut_short_is_finished_at_the_next_start(catalog: DiskCatalog, tmp_path: Path) -> None:
    assert catalog.product_ids() == ["flange"]
    shutil.move(tmp_path / "products" / "flange", tmp_path / "transit" / "0123")
    reopened = DiskCatalog(tmp_path)
    assert reopened.product_ids() == []
    assert list((tmp_path / "transit").iterdir()) == []


def test_a_foreign_file_among_the_products_is_none(catalog: DiskCatalog, tmp_path: Path) -> None:
    (tmp_path / "products" / ".DS_Store").write_bytes(b"")
    assert catalog.product_ids() == ["flange"]
