"""Jobs in files: a folder each, with the document and the heatmaps."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from app.storage.disk.durable import (
    explained,
    list_folder,
    make_folder,
    move_durably,
    read_if_present,
    write_durably,
)
from app.storage.disk.layout import StoreLayout
from app.storage.disk.lock import job_lock
from app.storage.documents_json import encode, intact
from app.storage.jobs import JOB_KEPT_S, Job, Jobs, heatmap_not_found, job_not_found


class DiskJobs(Jobs):
    """The jobs of a store on a disk, or on a volume that all its replicas see."""

    def __init__(self, root: Path, kept_s: float = JOB_KEPT_S) -> None:
        self._layout = StoreLayout(root)
        self._kept_s = kept_s
        for folder in (self._layout.jobs, self._layout.transit):
            make_folder(folder)

    def add(self, job: Job) -> None:
        """Store a new job; those whose time is over make room for it."""
        for folder in list_folder(self._layout.jobs):
            if self._is_over(folder):
                shutil.rmtree(folder, ignore_errors=True)
        make_folder(self._layout.job_folder(job.job_id))
        self._write(job)

    def job(self, job_id: str) -> Job:
        data = read_if_present(self._layout.job(job_id))
        found = None if data is None else intact(Job, data)
        if found is None or self._is_over(self._layout.job_folder(job_id)):
            raise job_not_found(job_id)
        return found

    def update(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        with job_lock(self._layout, job_id):
            found = self.job(job_id)
            changed = change(found)
            if changed != found:
                self._write(changed)
        return changed

    def remove(self, job_id: str) -> None:
        with job_lock(self._layout, job_id):
            self.job(job_id)
            gone = self._layout.new_transit()
            move_durably(self._layout.job_folder(job_id), gone)
        shutil.rmtree(gone, ignore_errors=True)

    def put_heatmap(self, job_id: str, index: int, png: bytes) -> None:
        with job_lock(self._layout, job_id):
            write_durably(self._layout.job_heatmap(job_id, index), png)

    def heatmap(self, job_id: str, index: int) -> bytes:
        self.job(job_id)
        png = read_if_present(self._layout.job_heatmap(job_id, index))
        if png is None:
            raise heatmap_not_found(job_id, index)
        return png

    def _write(self, job: Job) -> None:
        write_durably(self._layout.job(job.job_id), encode(job))

    def _is_over(self, folder: Path) -> bool:
        """Whether nothing was written in the folder for as long as a job is kept. One that is gone is over."""
        with explained(folder):
            try:
                return time.time() - folder.stat().st_mtime > self._kept_s
            except FileNotFoundError:
                return True
