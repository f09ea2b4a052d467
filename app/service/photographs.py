"""The reference photographs of products, measured once each."""

from collections import OrderedDict
from threading import Lock

from app.engine.hygiene import Photograph, photograph
from app.engine.image_file import decode_image
from app.errors import BlobDamaged, BlobMissing
from app.storage.store import Blobs

KEPT = 1024
"""16 KB each."""


class Photographs:
    """Measures stored references. Safe for many threads."""

    def __init__(self, blobs: Blobs, max_pixels: int) -> None:
        self._blobs = blobs
        self._max_pixels = max_pixels
        self._known: OrderedDict[str, Photograph] = OrderedDict()
        self._guard = Lock()

    def of(self, product_id: str, sha256: str) -> Photograph | None:
        """None where the image is lost."""
        with self._guard:
            if sha256 in self._known:
                self._known.move_to_end(sha256)
                return self._known[sha256]
        try:
            data = self._blobs.get(product_id, "references", sha256)
        except (BlobMissing, BlobDamaged):
            return None
        measured = photograph(decode_image(data, self._max_pixels).pixels)
        self.keep(sha256, measured)
        return measured

    def keep(self, sha256: str, measured: Photograph) -> None:
        """Remember what was measured when the photograph was sent."""
        with self._guard:
            self._known[sha256] = measured
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
