"""Keeping pictures within their limits: by age and by bytes, the oldest go first."""

import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from app.storage.disk.durable import explained
from app.storage.pictures.folder import PictureFolder, files_in, remove_empty

ROOM_SHARE = 0.95
"""Once the bytes are too many, so much of them is left, so that not every new picture has old ones looked for."""

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
TICK_NS = 2_000_000_000
"""A folder may change twice within the resolution of its time: so soon after a change it may be another one."""


class PictureLimits:
    """Removes what is beyond the limits. `bytes_kept` and `removed` (inspections) are of what it has seen."""

    def __init__(self, folder: PictureFolder, days: int, most_bytes: int) -> None:
        self._folder, self._days, self._most_bytes = folder, days, most_bytes
        self._known: dict[Path, tuple[int, int]] = {}
        self.bytes_kept = 0
        self.removed = 0

    def keep(self, now_s: float | None = None) -> None:
        """Remove what is too old or too much. StorageUnavailable, StorageFull."""
        now_us = int(1_000_000 * (time.time() if now_s is None else now_s))
        self._folder.clear_asides()
        hours: dict[int, list[Path]] = defaultdict(list)
        for begins_us, folder in self._folder.hours():
            hours[begins_us].append(folder)
        sizes = {folder: self._size(folder) for folders in hours.values() for folder in folders}
        self._known = {folder: known for folder, known in self._known.items() if folder in sizes}
        self.bytes_kept = sum(sizes.values())
        target = self.bytes_kept
        if target > self._most_bytes:
            target = int(ROOM_SHARE * self._most_bytes)
        for begins_us, folders in sorted(hours.items()):
            age_us = now_us - (begins_us + HOUR_US)
            too_old = age_us >= self._days * DAY_US
            if not too_old and self.bytes_kept <= target:
                return
            self._remove(folders, 0 if too_old else target)
            if age_us > HOUR_US:  # nobody writes there any more
                for folder in folders:
                    remove_empty(folder)

    def _size(self, hour: Path) -> int:
        """Of what lies there. A folder that has not changed is not looked through again."""
        with explained(hour):
            changed_ns = hour.stat().st_mtime_ns
        known_ns, size = self._known.get(hour, (0, 0))
        if known_ns != changed_ns or time.time_ns() - changed_ns < TICK_NS:
            size = sum(size for _, size, _ in files_in(hour))
            self._known[hour] = changed_ns, size
        return size

    def _remove(self, folders: Iterable[Path], target: int) -> None:
        """Of one hour, inspection by inspection, the oldest first, until `target` bytes are left of all."""
        inspections: dict[tuple[Path, str], list[tuple[str, int, int]]] = defaultdict(list)
        for folder in folders:
            for file in files_in(folder):
                inspections[folder, file[0].lstrip(".").partition(".")[0]].append(file)
        chosen, left = [], self.bytes_kept
        for (folder, _), files in sorted(inspections.items(), key=lambda each: max(at_us for *_, at_us in each[1])):
            if left <= target:
                break
            left -= sum(size for _, size, _ in files)
            chosen.append((folder, files))
        if not chosen:
            return
        self._folder.remove_until(max(at_us for _, files in chosen for *_, at_us in files))
        for folder, files in chosen:
            for name, size, _ in files:
                with explained(folder):
                    (folder / name).unlink(missing_ok=True)
                self.bytes_kept -= size
            self.removed += 1
