"""The photographs that are kept of products, references and calibration images, measured once each."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from app.engine.hygiene import Photograph, photograph, same_photographs
from app.engine.photograph.image_file import decode_image
from app.errors import BlobDamaged, BlobMissing
from app.storage.documents import BlobKind
from app.storage.store import Blobs

KEPT = 4096
"""16 KB each: more than a full calibration set and its references."""


class Photographs:
    """Measures stored photographs. Safe for many threads."""

    def __init__(self, blobs: Blobs, max_pixels: int) -> None:
        self._blobs = blobs
        self._max_pixels = max_pixels
        self._known: OrderedDict[str, Photograph] = OrderedDict()
        self._guard = Lock()

    def of(self, product_id: str, sha256: str, kind: BlobKind = "references") -> Photograph | None:
        """None where the image is lost."""
        with self._guard:
            if sha256 in self._known:
                self._known.move_to_end(sha256)
                return self._known[sha256]
        try:
            data = self._blobs.get(product_id, kind, sha256)
        except (BlobMissing, BlobDamaged):
            return None
        decoded = decode_image(data, self._max_pixels, "auto")
        measured = photograph(decoded.pixels, decoded.bits, decoded.used_bits)
        self.keep(sha256, measured)
        return measured

    def keep(self, sha256: str, measured: Photograph) -> None:
        """Remember what was measured when the photograph was sent."""
        with self._guard:
            self._known[sha256] = measured
            while len(self._known) > KEPT:
                self._known.popitem(last=False)

    def same_as(self, product_id: str, sha256: str, others: Mapping[str, BlobKind]) -> tuple[str, ...]:
        """Which of the others a calibration image is all but the same as, the nearest first, all by SHA-256."""
        own = self.of(product_id, sha256, "calibration-images")
        measured = {
            name: found
            for name, kind in others.items()
            if name != sha256 and (found := self.of(product_id, name, kind))
        }
        names = list(measured)
        return tuple(names[same.other] for same in same_photographs(own, list(measured.values()))) if own else ()
