"""The leave-one-out table of a bank follows its references, and nothing is searched twice."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.bank import left_out as module
from app.engine.bank.bank import MemoryBank
from app.engine.bank.left_out import LeftOut, compared_references
from app.engine.bank.near import Places
from app.engine.types import Distances
from app.opened_store import opened_store
from app.service.banks.left_out import stored_left_out
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings
from app.storage.disk.blobs import DiskBlobs
from app.storage.documents import BankManifest, BlobKind
from app.storage.open import OpenStore
from app.storage.segments import stored_segment
from tests.service.conftest import active, upload

PRODUCT = "flange"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Without lists, whose making reads segments too."""
    return settings.model_copy(update={"exact_rows": 10**6})


@pytest.fixture
def store(settings: Settings) -> OpenStore:
    return opened_store(settings)


def searched_anew(store: OpenStore, manifest: BankManifest) -> list[LeftOut]:
    """Each reference in one bank of all others, and which of them its nearest rows belong to."""
    segments = [stored_segment(store.blobs, PRODUCT, entry.segment) for entry in manifest.references]
    table = []
    for position, part in enumerate(segments):
        others = [other for other in range(len(segments)) if other != position]
        bank = MemoryBank([segments[other] for other in others], "cpu")
        distances, rows = bank.nearest(part.upright)
        nearest = np.array([others[bank.origin(int(row)).reference] for row in rows], np.int32)
        table.append(LeftOut(distances, nearest, part.foreground))
    return table


def assert_equal(table: Sequence[LeftOut], expected: Sequence[LeftOut]) -> None:
    assert len(table) == len(expected)
    for ours, theirs in zip(table, expected, strict=True):
        assert ours.distances == pytest.approx(theirs.distances, abs=1e-6)
        assert (ours.nearest == theirs.nearest).mean() > 0.99  # near-ties apart
        assert (ours.foreground == theirs.foreground).all()


def test_one_reference_has_no_table(service: Service) -> None:
    service.references.add(PRODUCT, [upload(1)])
    assert active(service).left_out is None


def test_the_table_is_that_of_each_reference_among_the_others(service: Service, store: OpenStore) -> None:
    service.references.add(PRODUCT, [upload(1), upload(2), upload(3)])
    manifest = active(service)
    assert_equal(list(stored_left_out(store.blobs, PRODUCT, manifest).values()), searched_anew(store, manifest))


def test_it_follows_additions_and_deletions(service: Service, store: OpenStore) -> None:
    for seed in (1, 2, 3, 4):
        service.references.add(PRODUCT, [upload(seed)])
    for gone in (1, 0):
        service.references.remove(PRODUCT, active(service).references[gone].sha256)
    service.references.add(PRODUCT, [upload(5)])
    manifest = active(service)
    assert len(manifest.references) == 3
    assert_equal(list(stored_left_out(store.blobs, PRODUCT, manifest).values()), searched_anew(store, manifest))


def test_a_new_reference_is_compared_only_with_the_others(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.references.add(PRODUCT, [upload(seed) for seed in (1, 2, 3, 4)])
    queries = []
    nearest = MemoryBank.nearest

    def counted(bank: MemoryBank, rows: NDArray[np.float32], places: Places) -> tuple[Distances, NDArray[np.int64]]:
        queries.append(len(rows))
        return nearest(bank, rows, places)

    monkeypatch.setattr(MemoryBank, "nearest", counted)
    service.references.add(PRODUCT, [upload(5)])
    assert len(queries) == 4 + 4  # the new one in each, each in the new one


def test_a_lost_table_is_made_anew_by_the_next_registration(
    service: Service, store: OpenStore, settings: Settings
) -> None:
    service.references.add(PRODUCT, [upload(seed) for seed in (1, 2, 3)])
    for path in Path(settings.data_dir).rglob("left-out/**/*"):
        if path.is_file():
            path.unlink()
    service.references.add(PRODUCT, [upload(4)])
    manifest = active(service)
    assert_equal(list(stored_left_out(store.blobs, PRODUCT, manifest).values()), searched_anew(store, manifest))


def test_of_very_many_references_some_are_compared(
    service: Service, store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPARED_REFERENCES", 3)
    for seeds in ((1, 2, 3, 4), (5, 6)):
        service.references.add(PRODUCT, [upload(seed) for seed in seeds])
    manifest = active(service)
    table = stored_left_out(store.blobs, PRODUCT, manifest)
    expected = searched_anew(store, manifest)
    assert list(table) == compared_references([entry.sha256 for entry in manifest.references])
    assert len(table) == 3
    assert_equal(list(table.values()), [expected[position] for position in table])


def test_beyond_those_a_new_reference_is_searched_for_in_no_other_and_no_other_is_read(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPARED_REFERENCES", 2)
    service.references.add(PRODUCT, [upload(seed) for seed in (1, 2, 3, 4, 5, 6)])
    drawn = names_compared(service)
    queries, read = [], []
    nearest, get = MemoryBank.nearest, DiskBlobs.get

    def counted(bank: MemoryBank, rows: NDArray[np.float32], places: Places) -> tuple[Distances, NDArray[np.int64]]:
        queries.append(len(rows))
        return nearest(bank, rows, places)

    def noted(blobs: DiskBlobs, product_id: str, kind: BlobKind, digest: str) -> bytes:
        read.append(kind)
        return get(blobs, product_id, kind, digest)

    monkeypatch.setattr(MemoryBank, "nearest", counted)
    monkeypatch.setattr(DiskBlobs, "get", noted)
    service.references.add(PRODUCT, [not_drawn(service)])
    assert names_compared(service) == drawn
    assert len(queries) == 2  # the two that are compared, in the new one
    assert read.count("segments") == 2 + 1


def names_compared(service: Service) -> list[str]:
    names = [entry.sha256 for entry in active(service).references]
    return [names[position] for position in compared_references(names)]


def not_drawn(service: Service) -> Upload:
    """A photograph that would not be among those that are compared."""
    names = [entry.sha256 for entry in active(service).references]
    return next(
        each
        for each in map(upload, range(7, 100))
        if len(names) not in compared_references([*names, sha256(each.data).hexdigest()])
    )
