"""`inspector backbone`: a change of the default that some products stand in the way of, and a store without record."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.assembly import service_with_default
from app.commands.backbone import backbone_app
from app.opened_store import opened_store
from app.service.uploads.checked_upload import Upload
from app.settings import load_settings
from app.storage.disk.catalog import DiskCatalog
from app.storage.disk.layout import StoreLayout
from app.storage.store import Catalog
from app.weights.registry import load_registry
from tests.api.photographs import photograph

BEFORE, AFTER = "dinov2_vits14", "embedded"
PRODUCTS: Mapping[str, Mapping[str, str]] = {"casing": {}, "flange": {}, "own": {"backbone": AFTER}, "shaft": {}}


def pretend_another_backbone_made_it(catalog: Catalog, product_id: str) -> None:
    pointer = catalog.pointer(product_id)
    made = replace(catalog.manifest(product_id, 1), version=2, parent=1, backbone=BEFORE, backbone_sha256="0" * 64)
    catalog.publish(product_id, made, pointer)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose default is DINOv2. Every product has a bank of DINOv2, one of them although it names `embedded`."""
    root = tmp_path_factory.mktemp("filled")
    settings = load_settings(data_dir=root, store_url=None, smaller_edge=112, threads=1, device="cpu")
    opened = opened_store(settings)
    catalog = opened.catalog
    service = service_with_default(settings, load_registry(), opened, AFTER)
    for seed, (product_id, chosen) in enumerate(PRODUCTS.items()):
        service.products.create(product_id, chosen)
        service.references.add(product_id, [Upload(photograph(seed))])
        pretend_another_backbone_made_it(catalog, product_id)
    service.close()
    catalog.set_default_backbone(BEFORE)
    return root


@pytest.fixture
def store(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoreLayout:
    """A copy of the filled store, where the settings point to."""
    root = shutil.copytree(filled, tmp_path / "store")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INSPECTOR_STORE_URL", raising=False)
    for name, value in {"DATA_DIR": str(root), "DEVICE": "cpu", "SMALLER_EDGE": "112", "THREADS": "1"}.items():
        monkeypatch.setenv(f"INSPECTOR_{name}", value)
    return StoreLayout(root)


def backbone(*arguments: str) -> Result:
    return CliRunner().invoke(backbone_app, arguments)


def served(store: StoreLayout) -> dict[str, int | None]:
    """The bank version that serves each product."""
    catalog = DiskCatalog(store.root)
    return {product_id: catalog.pointer(product_id).active for product_id in PRODUCTS}


def lose_settings(store: StoreLayout, product_id: str) -> None:
    store.product(product_id).write_bytes(b"{")


def lose_bank(store: StoreLayout, product_id: str) -> None:
    store.bank(product_id, 2).write_bytes(b"{")


def lose_photographs(store: StoreLayout, product_id: str) -> None:
    for path in store.blobs(product_id, "references").iterdir():
        path.unlink()


def test_every_bank_on_the_default_is_rebuilt_and_products_with_their_own_are_left_alone(store: StoreLayout) -> None:
    done = backbone("set", AFTER)
    assert done.exit_code == 0
    assert f"default backbone: {BEFORE} -> {AFTER}; 3 banks rebuilt" in done.stdout
    assert served(store) == {"casing": 3, "flange": 3, "own": 2, "shaft": 3}
    assert DiskCatalog(store.root).default_backbone() == AFTER


@pytest.mark.parametrize("lose", [lose_settings, lose_bank, lose_photographs])
def test_a_broken_product_stops_the_switch_and_not_the_others(
    store: StoreLayout, lose: Callable[[StoreLayout, str], None]
) -> None:
    lose(store, "casing")
    done = backbone("set", AFTER)
    assert done.exit_code == 1
    assert "failed casing: " in done.stderr
    assert "2 banks rebuilt, 1 failed" in done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("rebuilt")] == [
        "rebuilt flange",
        "rebuilt shaft",
    ]
    assert served(store) == {"casing": 2, "flange": 3, "own": 2, "shaft": 3}
    assert DiskCatalog(store.root).default_backbone() == BEFORE


def test_run_again_it_rebuilds_nothing_twice_and_names_what_still_fails(store: StoreLayout) -> None:
    lose_photographs(store, "flange")
    backbone("set", AFTER)
    again = backbone("set", AFTER)
    assert again.exit_code == 1
    assert "0 banks rebuilt, 1 failed" in again.stderr
    assert served(store) == {"casing": 3, "flange": 2, "own": 2, "shaft": 3}


def test_forced_it_switches_although_a_product_failed_and_still_names_it(store: StoreLayout) -> None:
    lose_bank(store, "shaft")
    done = backbone("set", AFTER, "--force")
    assert done.exit_code == 0
    assert "failed shaft: " in done.stderr
    assert f"{BEFORE} -> {AFTER}; 2 banks rebuilt, 1 failed" in done.stdout
    assert DiskCatalog(store.root).default_backbone() == AFTER


def test_a_damaged_product_with_a_backbone_of_its_own_does_not_stop_the_switch(store: StoreLayout) -> None:
    lose_bank(store, "own")
    assert backbone("set", AFTER).exit_code == 0


@pytest.mark.parametrize("damage", [b"{", None])
def test_a_lost_record_of_the_store_is_shown_and_set_again(store: StoreLayout, damage: bytes | None) -> None:
    store.store.unlink() if damage is None else store.store.write_bytes(damage)
    shown = backbone("show")
    assert shown.exit_code == 0
    assert "is lost" in shown.stdout
    assert "inspector backbone set NAME" in shown.stdout
    done = backbone("set", AFTER)
    assert done.exit_code == 0
    assert f"default backbone: none -> {AFTER}; 3 banks rebuilt" in done.stdout
    assert DiskCatalog(store.root).default_backbone() == AFTER
