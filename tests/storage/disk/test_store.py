import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import StorageUnavailable
from app.storage.disk import DiskCatalog
from tests.storage.samples import product, publish_next
from tests.storage.writer import PROJECT


def test_opening_removes_what_dead_writers_left_an_hour_ago(catalog: DiskCatalog, tmp_path: Path) -> None:
    publish_next(catalog)
    flange = tmp_path / "products" / "flange"
    old = [folder / ".x.tmp" for folder in (tmp_path, flange, flange / "banks", flange / "segments")]
    for path in old:
        path.write_bytes(b"half")
        os.utime(path, (1.0, 1.0))
    young = flange / "banks" / ".y.tmp"
    young.write_bytes(b"half")
    reopened = DiskCatalog(tmp_path)
    assert [path.exists() for path in (*old, young)] == [False] * 4 + [True]
    assert reopened.versions("flange") == [1]


def test_opening_removes_a_product_that_was_never_put_in_place(catalog: DiskCatalog, tmp_path: Path) -> None:
    (tmp_path / "transit" / "0123" / "banks").mkdir(parents=True)
    assert DiskCatalog(tmp_path).product_ids() == catalog.product_ids()
    assert list((tmp_path / "transit").iterdir()) == []


def test_a_root_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(StorageUnavailable, match=str(tmp_path / "store")):
        DiskCatalog(tmp_path / "store")


def test_a_store_with_a_missing_empty_folder_works(catalog: DiskCatalog, tmp_path: Path) -> None:
    # Some backup tools leave empty folders out.
    for name in ("quarantine", "transit", "products/flange/banks"):
        (tmp_path / name).rmdir()
    reopened = DiskCatalog(tmp_path)
    assert publish_next(reopened) == 1
    catalog.create(product("gear"))


def test_the_store_imports_no_engine_and_no_array_library() -> None:
    heavy = ("torch", "faiss", "cv2", "timm", "scipy", "PIL", "fastapi")
    script = f"import sys, app.storage.open; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-B", "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
