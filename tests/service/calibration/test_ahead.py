"""A version is calibrated before it serves, and stays so as long as it is kept."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.errors import StaleRevision, StorageFull
from app.opened_store import opened_store
from app.service.calibration import measurer as calibration_measurer
from app.service.calibration.problem import problem
from app.service.service import Service
from app.settings import Settings
from app.storage.documents import CalibrationSet, Product
from app.storage.left_out import decode_measured, encode_left_out
from app.storage.store import Catalog
from tests.api.tiny_service import tiny_service
from tests.service.calibration.test_calibration import HELD_OUT, PRODUCT, added, inspected
from tests.service.conftest import upload


@pytest.fixture
def calibrated(service: Service) -> Service:
    """Four references, nineteen calibration images."""
    service.products.create(PRODUCT, {"masking": "off", "rotation": "off"})
    service.references.add(PRODUCT, [upload(seed) for seed in range(1, 5)])
    added(service)
    return service


def state(service: Service) -> tuple[int, str, float | None]:
    """What the next inspection is judged by: the version, its state, its threshold."""
    result = inspected(service, 7)
    return result.bank_version, result.judgement.state, result.judgement.threshold


def nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(*_: object) -> None:
        raise AssertionError("an image is measured")

    monkeypatch.setattr(calibration_measurer.CalibrationMeasurer, "row", measured)


def stored(settings: Settings) -> tuple[Catalog, CalibrationSet]:
    catalog = opened_store(settings).catalog
    return catalog, catalog.product(PRODUCT).calibration


def test_a_new_version_is_calibrated_by_its_own_distances_from_its_first_inspection(calibrated: Service) -> None:
    before = state(calibrated)
    calibrated.references.add(PRODUCT, [upload(5)])
    after = state(calibrated)
    scores = [inspected(calibrated, seed).score for seed in HELD_OUT]
    assert after == (2, "calibrated", max(scores))
    assert after[2] != before[2]


def test_every_change_that_makes_a_version_is_measured_ahead(calibrated: Service) -> None:
    reference = calibrated.references.entries(PRODUCT)[0].sha256
    changes: tuple[Callable[[], object], ...] = (
        lambda: calibrated.references.remove(PRODUCT, reference),
        lambda: calibrated.banks.rebuild(PRODUCT),
        lambda: calibrated.masking.test(PRODUCT),
        lambda: calibrated.products.change(PRODUCT, {"smaller_edge": 128}),
        lambda: calibrated.references.add(PRODUCT, [upload(seed) for seed in (5, 6)]),
        lambda: calibrated.hygiene.trim(PRODUCT, 0.2, dry_run=False),
    )
    for version, change in enumerate(changes, start=2):
        change()
        assert state(calibrated)[:2] == (version, "calibrated")


def test_a_rollback_is_calibrated_at_once_without_measuring(
    calibrated: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(calibrated)
    calibrated.references.add(PRODUCT, [upload(5)])
    nothing_is_measured(monkeypatch)
    calibrated.banks.activate(PRODUCT, 1)
    assert state(calibrated) == before
    calibrated.banks.activate(PRODUCT, 2)
    assert state(calibrated)[:2] == (2, "calibrated")


def test_a_version_of_the_same_references_is_not_measured_again(
    calibrated: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(calibrated)
    nothing_is_measured(monkeypatch)
    calibrated.masking.test(PRODUCT)
    assert state(calibrated) == (2, *before[1:])


def test_a_rollback_measures_the_images_that_came_since(calibrated: Service) -> None:
    calibrated.references.add(PRODUCT, [upload(5)])
    added(calibrated, range(119, 121))
    calibrated.banks.activate(PRODUCT, 1)
    view = calibrated.calibration.view(PRODUCT)
    assert (view.measured_in, len(view.images), view.good) == (1, 21, 21)
    assert problem(view) is None


def test_the_old_version_stays_calibrated_when_the_new_one_is_not_published(
    calibrated: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill between measuring and publishing."""
    before = state(calibrated)

    def full(*_: object, **__: object) -> None:
        raise StorageFull("no room")

    monkeypatch.setattr(calibrated.banks._catalog, "publish", full)
    with pytest.raises(StorageFull):
        calibrated.references.add(PRODUCT, [upload(5)])
    restarted = tiny_service(settings)
    assert state(restarted) == before
    restarted.references.add(PRODUCT, [upload(6)])
    assert state(restarted)[:2] == (2, "calibrated")
    restarted.close()


def test_an_image_that_is_confirmed_while_others_are_measured_is_measured_too(
    calibrated: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = calibrated.banks._catalog
    held = catalog.replace
    raced: list[bool] = []

    def beaten(product: Product) -> Product:
        if not raced:
            raced.append(True)
            added(calibrated, range(119, 120))
            raise StaleRevision("another change was faster")
        return held(product)

    monkeypatch.setattr(catalog, "replace", beaten)
    calibrated.references.add(PRODUCT, [upload(5)])
    assert len(calibrated.calibration.view(PRODUCT).images) == 20
    assert state(calibrated)[:2] == (2, "calibrated")


def test_tables_are_kept_for_the_versions_that_are_kept(calibrated: Service, settings: Settings) -> None:
    for seed in range(5, 13):
        calibrated.references.add(PRODUCT, [upload(seed)])
    catalog, held_out = stored(settings)
    kept = {catalog.manifest(PRODUCT, version).content for version in catalog.versions(PRODUCT)}
    assert kept <= {each.bank for each in held_out.tables}
    assert len(held_out.tables) <= settings.keep_versions + 1


def test_the_one_table_of_an_earlier_release_still_calibrates(calibrated: Service, settings: Settings) -> None:
    before = state(calibrated)
    catalog, held_out = stored(settings)
    blobs, product = opened_store(settings).blobs, catalog.product(PRODUCT)
    rows = decode_measured(blobs.get(PRODUCT, "calibration", held_out.tables[0].table))
    by_position = {place: rows[image.sha256] for place, image in enumerate(held_out.images)}
    table = blobs.put(PRODUCT, "calibration", encode_left_out(by_position))
    old = CalibrationSet(held_out.images, bank_version=1, table=table)
    catalog.replace(replace(product, calibration=old))
    restarted = tiny_service(settings)
    assert state(restarted) == before
    restarted.references.add(PRODUCT, [upload(5)])
    restarted.banks.activate(PRODUCT, 1)
    assert state(restarted) == before
    restarted.close()
