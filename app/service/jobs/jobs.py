"""Jobs: work that callers ask for and come back to later."""

import logging
import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from app.errors import InspectorError, JobNotFound, Overloaded
from app.service.accelerator.engine_thread import draining
from app.service.clock import age_s, now
from app.storage.jobs import Job, JobError, JobKind, JobProgress, Jobs, JobStage, Proposed, ScoredImage

logger = logging.getLogger(__name__)

BEAT_S = 1.0
"""How often what has become of the jobs under way is written down, and the wish to cancel them is looked for."""

REFRESHED_S = 5.0
"""How often they are written down though nothing has become of them."""

STALE_S = 30.0
"""A job under way that was not written down for so long has lost its process. Replicas' clocks agree better."""

NEWEST_SHARE = 0.2
"""Weight of the newest job in the running mean of the time that one takes."""

LONGEST_RETRY_S = 300
INTERRUPTED = JobError(
    "job-interrupted", "The process that worked on this job has ended before the job had. Ask for it again."
)


class JobCancelled(Exception):
    """Raised in a job that was cancelled."""


class JobUnderWay:
    """A job that this process has taken on, as its work and the thread that writes it down see it."""

    def __init__(self, job: Job, work: "Work", stopping: threading.Event) -> None:
        self.job = job
        self.work = work
        self.cancelled = False
        self._stopping = stopping

    def check(self) -> None:
        """To be called between steps. JobCancelled; Draining where the service stops."""
        if self.cancelled:
            raise JobCancelled
        if self._stopping.is_set():
            raise draining()

    def report(self, done: int, stage: JobStage) -> None:
        """Say how many steps are done, and what comes next. Raises as `check`."""
        self.check()
        self.job = replace(self.job, progress=replace(self.job.progress, done=done, stage=stage))

    def propose(self, proposed: Proposed) -> None:
        """Say which proposal the job has made."""
        self.job = replace(self.job, proposed=proposed)


Work = Callable[[JobUnderWay], tuple[ScoredImage, ...]]


class JobService:
    """Runs jobs one after the other on a thread of its own, and writes down on another what has become of them.

    Every replica of a store tells of every job; the one that was asked for it works on it.
    """

    def __init__(self, jobs: Jobs, limit: int) -> None:
        """`limit`: how many jobs may wait or run."""
        self._jobs = jobs
        self._limit = limit
        self._submitting = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: deque[JobUnderWay] = deque()
        self._under_way: dict[str, JobUnderWay] = {}
        self._mean_s = 10.0
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._writer = threading.Thread(target=self._write_all, name="job-writer", daemon=True)
        self._worker.start()
        self._writer.start()

    def require_room(self) -> None:
        """Overloaded where no job can be taken on now; Draining where none will be any more."""
        if self._stopping.is_set():
            raise draining()
        if len(self._under_way) >= self._limit:
            raise Overloaded(
                f"All places for jobs are taken ({self._limit}). Ask again later.",
                retry_after_s=min(LONGEST_RETRY_S, max(1, math.ceil(self._mean_s))),
            )

    def submit(self, kind: JobKind, steps: int, work: Work) -> Job:
        """Take on a job; `work` is called when its turn comes.

        Overloaded, Draining, StorageFull, StorageUnavailable.
        """
        moment = now()
        job = Job(secrets.token_hex(16), kind, "queued", JobProgress(0, steps), moment, moment)
        under_way = JobUnderWay(job, work, self._stopping)
        with self._submitting:
            self.require_room()
            self._jobs.add(job)
            with self._changed:
                self._under_way[job.job_id] = under_way
                self._waiting.append(under_way)
                self._changed.notify()
        return job

    def job(self, job_id: str) -> Job:
        """What is known of a job, of whatever replica. JobNotFound, StorageUnavailable."""
        job = self._jobs.job(job_id)
        if job.finished or job_id in self._under_way or age_s(job.updated_at) < STALE_S:
            return job
        return replace(job, state="failed", error=INTERRUPTED)

    def heatmap(self, job_id: str, index: int) -> bytes:
        """A heatmap (PNG) of a job that has succeeded. JobNotFound, HeatmapNotFound, StorageUnavailable."""
        return self._jobs.heatmap(job_id, index)

    def delete(self, job_id: str) -> None:
        """Cancel a job that waits or runs; remove one that has ended. JobNotFound, StorageUnavailable."""
        if self.job(job_id).finished:
            self._jobs.remove(job_id)
            return
        self._jobs.update(job_id, lambda job: job if job.finished else replace(_cancelled(job), updated_at=now()))
        if under_way := self._under_way.get(job_id):
            self._cancel(under_way)

    def abort(self) -> None:
        """End all jobs at their next step, as failed because the service stops. No more are taken on."""
        self._stopping.set()

    def close(self) -> None:
        """End all jobs, write that down, and end the threads."""
        self.abort()
        with self._changed:
            self._changed.notify()
        self._worker.join()
        self._news.set()
        self._writer.join()

    def _cancel(self, under_way: JobUnderWay) -> None:
        under_way.cancelled = True
        with self._changed:
            if under_way in self._waiting:
                self._waiting.remove(under_way)
                del self._under_way[under_way.job.job_id]

    def _work(self) -> None:
        while under_way := self._next():
            started = time.monotonic()
            under_way.job = replace(under_way.job, state="running")
            self._news.set()
            under_way.job = _ended(under_way)
            took_s = time.monotonic() - started
            self._mean_s += NEWEST_SHARE * (took_s - self._mean_s)
            logger.info("job %s %s after %.1f s", under_way.job.job_id, under_way.job.state, took_s)
            self._news.set()
            del under_way  # it holds images, and the next job may be long in coming

    def _next(self) -> JobUnderWay | None:
        """The job whose turn it is, as soon as there is one; None when stopping and done."""
        with self._changed:
            while not self._waiting:
                if self._stopping.is_set():
                    return None
                self._changed.wait()
            return self._waiting.popleft()

    def _write_all(self) -> None:
        while self._worker.is_alive():
            self._news.wait(BEAT_S)
            self._news.clear()
            self._write_down()
        self._write_down()

    def _write_down(self) -> None:
        for under_way in list(self._under_way.values()):
            try:
                self._write(under_way)
            except InspectorError as error:
                logger.warning("job %s could not be written down: %s", under_way.job.job_id, error)

    def _write(self, under_way: JobUnderWay) -> None:
        job = under_way.job
        try:
            stored = self._jobs.update(job.job_id, lambda held: _brought_up(held, job))
        except JobNotFound:
            stored = _cancelled(job)
        if job.finished:
            self._under_way.pop(job.job_id, None)
        elif stored.finished:
            self._cancel(under_way)


def _ended(under_way: JobUnderWay) -> Job:
    """Do the work of a job; the job as it has ended."""
    try:
        under_way.check()
        results = under_way.work(under_way)
    except JobCancelled:
        return _cancelled(under_way.job)
    except InspectorError as error:
        return replace(under_way.job, state="failed", error=JobError(error.code, error.message))
    except Exception:
        logger.exception("job %s failed", under_way.job.job_id)
        told = f"The service failed. Its log says how, under job {under_way.job.job_id}."
        return replace(under_way.job, state="failed", error=JobError(InspectorError.code, told))
    progress = replace(under_way.job.progress, done=under_way.job.progress.total)
    return replace(under_way.job, state="succeeded", progress=progress, results=results)


def _brought_up(held: Job, job: Job) -> Job:
    """What is to be stored of a job, instead of what is `held`: how it has ended never changes."""
    unchanged = replace(job, updated_at=held.updated_at) == held and age_s(held.updated_at) < REFRESHED_S
    return held if held.finished or unchanged else replace(job, updated_at=now())


def _cancelled(job: Job) -> Job:
    return replace(job, state="cancelled")
