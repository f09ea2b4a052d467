"""A product that is deleted while something is done with it: that is what is told, wherever the deletion comes."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

import pytest

from app.errors import NoReferences, ProductNotFound, ReferenceNotFound
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.settings import Settings
from app.storage.disk import DiskBlobs
from app.storage.documents import BlobKind
from app.storage.store import BLOB_GRACE_S, Blobs
from tests.api.tiny_service import tiny_service
from tests.service.conftest import upload

ACTS: dict[str, Callable[[Service], object]] = {
    "register": lambda service: service.references.add("flange", [upload(3), upload(4)]),
    "remove": lambda service: service.references.remove("flange", service.references.entries("flange")[0].sha256),
    "rebuild": lambda service: service.banks.rebuild("flange"),
    "settings": lambda service: service.products.change("flange", {"rotation": "off"}),
    "masking": lambda service: service.masking.test("flange"),
    "quality": lambda service: service.hygiene.quality("flange"),
    "trim": lambda service: service.hygiene.trim("flange", 0.5, dry_run=False),
    "calibrate": lambda service: service.calibration.add("flange", [upload(5)], is_good=True),
    "image": lambda service: service.references.image("flange", service.references.entries("flange")[0].sha256),
    "inspect": lambda service: service.inspection.inspect("flange", upload(6).data, InspectionRequest(heatmap=None)),
}


class Interrupted(Blobs):
    """Blobs that do something before the n-th time that they are used."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.calls_left = -1
        self.interrupt: Callable[[], None] = lambda: None

    def _count(self) -> None:
        self.calls_left -= 1
        if self.calls_left == 0:
            self.interrupt()

    def put(self, product_id: str, kind: BlobKind, data: bytes) -> str:
        self._count()
        return self._blobs.put(product_id, kind, data)

    def get(self, product_id: str, kind: BlobKind, digest: str) -> bytes:
        self._count()
        return self._blobs.get(product_id, kind, digest)

    def collect(self, product_id: str, kind: BlobKind, keep: AbstractSet[str], grace_s: float = BLOB_GRACE_S) -> int:
        self._count()
        return self._blobs.collect(product_id, kind, keep, grace_s)


@pytest.mark.parametrize("created_again", [False, True])
@pytest.mark.parametrize("act", ACTS)
def test_what_is_deleted_is_not_found_and_never_called_damaged(
    settings: Settings, act: str, created_again: bool
) -> None:
    blobs = Interrupted(DiskBlobs(settings.store_dir))
    service = tiny_service(settings, blobs)

    def delete() -> None:
        service.deletion.delete("flange")
        if created_again:
            service.products.create("flange")

    # Of the one that is created again it is true, too, that it has no references.
    allowed = (ProductNotFound, ReferenceNotFound, NoReferences) if created_again else ProductNotFound
    blobs.interrupt = delete
    place, outcome = 0, "interrupted"
    while outcome != "undisturbed":
        place += 1
        service.products.ensure("flange", create=True)
        service.references.add("flange", [upload(1), upload(2)])
        blobs.calls_left = place
        try:
            ACTS[act](service)
        except allowed:
            assert blobs.calls_left <= 0
        outcome = "undisturbed" if blobs.calls_left > 0 else "interrupted"
    service.close()
    assert place > 1
