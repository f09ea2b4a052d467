"""The pictures of inspections: written before the answer, read by their record, kept within limits."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from app.errors import StorageFull, StorageUnavailable
from app.storage.disk.durable import make_folder, read_if_present
from app.storage.disk.lock import LockHeld, file_lock
from app.storage.pictures.folder import LOCK, NOTHING_REMOVED, PictureFolder, PictureName, Removals
from app.storage.pictures.limits import PictureLimits
from app.storage.pictures.writer import WAIT_S, PictureWriter

logger = logging.getLogger(__name__)

LOOKED_AFTER_S = 600.0
"""What is too much is looked after at once; what is too old may wait."""


@dataclass(frozen=True, slots=True)
class PicturesState:
    """`kept_bytes`: what the folder holds; since the start of the process: of so many inspections the limits `removed`
    the pictures, and so many times they were `lost`, because they could not be written."""

    kept_bytes: int
    removed: int
    lost: int


class Pictures:
    """Photographs as sent and maps of their patches, in one folder. Safe for many threads and processes."""

    def __init__(self, root: Path, days: int, most_bytes: int, wait_s: float = WAIT_S) -> None:
        """Kept for `days`, and at most `most_bytes` of them. The folder may be away: then pictures are lost, not
        inspections."""
        self._folder = PictureFolder(root)
        self._limits = PictureLimits(self._folder, days, most_bytes)
        self._most_bytes = most_bytes
        self._writer = PictureWriter(wait_s)
        self._removals = NOTHING_REMOVED
        self._written = 0
        self._changed = threading.Condition()
        self._closed = self._due = False
        self._thread = threading.Thread(target=self._look_after, name="picture limits", daemon=True)
        self._thread.start()

    def keep(self, name: PictureName, photograph: bytes, patch_map: bytes) -> bool:
        """Write both; on return they are durable. False: they are lost, which is counted and logged."""
        files = {self._folder.photograph(name): photograph, self._folder.patch_map(name): patch_map}
        kept = self._writer.write(files)
        if kept:
            with self._changed:
                self._written += sum(map(len, files.values()))
                if self._bytes > self._most_bytes:
                    self._due = True
                    self._changed.notify()
        return kept

    def photograph(self, name: PictureName) -> bytes | None:
        """As it was sent; None where it is not there. StorageUnavailable."""
        return read_if_present(self._folder.photograph(name))

    def patch_map(self, name: PictureName) -> bytes | None:
        """As it was kept; None where it is not there. StorageUnavailable."""
        return read_if_present(self._folder.patch_map(name))

    def removals(self) -> Removals:
        """What is gone on purpose; while the folder is away, as it was last known."""
        try:
            self._removals = self._folder.removals()
        except StorageUnavailable as error:
            logger.warning("which pictures are still kept is not known: %s", error.message)
        return self._removals

    def delete(self, product_id: str, *, for_good: bool) -> None:
        """Take a product's pictures away. They can be brought back with it for a day, unless `for_good`.

        StorageFull, StorageUnavailable.
        """
        self._folder.put_aside(product_id)
        if for_good:
            self._folder.clear_asides(product_id)

    def restore(self, product_id: str, born_us: int) -> None:
        """Undo the deletion of a product that was made then (µs). StorageFull, StorageUnavailable."""
        self._folder.bring_back(product_id, born_us)

    @property
    def state(self) -> PicturesState:
        return PicturesState(self._bytes, self._limits.removed, self._writer.lost)

    def close(self) -> None:
        """Finish what is being written."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._writer.close()
        self._thread.join()

    @property
    def _bytes(self) -> int:
        return self._limits.bytes_kept + self._written

    def _look_after(self) -> None:
        while not self._closed:
            with self._changed:
                self._due, before = False, self._written
            try:
                make_folder(self._folder.root)
                with file_lock(self._folder.root / LOCK, wait_s=0):
                    self._limits.keep()
                with self._changed:
                    self._written -= before
                    # What came meanwhile may have been seen already, and counts twice until the next look.
                    self._due |= self._written > 0 and self._bytes > self._most_bytes
            except LockHeld:
                pass  # another process is about it
            except (StorageUnavailable, StorageFull) as error:
                logger.error("pictures cannot be kept within their limits: %s", error.message)
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._closed, LOOKED_AFTER_S)
