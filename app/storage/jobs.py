"""Jobs: what callers ask for and come back to later. Their documents, and how stores keep them.

A job is kept on the disk of the store, or in Redis where everything is: wherever every replica sees it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from app.errors import HeatmapNotFound, JobNotFound

JOB_KEPT_S = 86_400.0
"""After its last change a job is kept for a day, its heatmaps with it."""

JobKind = Literal["zero-shot", "improvement"]
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
JobStage = Literal["waiting", "features", "search", "heatmaps", "choosing", "bank", "evaluation"]

_JOB_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Steps done, of how many, and what is being done."""

    done: int
    total: int
    stage: JobStage = "waiting"


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed: the code of the error, and what to do next."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class ScoredImage:
    """One image of a batch. `score` is the image score in units of the patch distance, unrounded; `sha256` is of the
    file as sent. The `heatmap_*` are of its picture: size in px, the map's value at the hot end, the palette's name."""

    index: int
    filename: str | None
    score: float
    flags: tuple[str, ...]
    width: int
    height: int
    sha256: str
    heatmap_width: int
    heatmap_height: int
    heatmap_scale_max: float
    colormap: str | None


@dataclass(frozen=True, slots=True)
class Proposed:
    """The proposal that a job has made: `number` of its product."""

    product_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job. Its process changes it from time to time while it waits or runs, so `updated_at` tells whether that one
    still lives. Times are RFC 3339, UTC. Before it has succeeded, `results` (of a batch) are
    empty and `proposed` is None."""

    job_id: str
    kind: JobKind
    state: JobState
    progress: JobProgress
    created_at: str
    updated_at: str
    error: JobError | None = None
    results: tuple[ScoredImage, ...] = ()
    proposed: Proposed | None = None

    @property
    def finished(self) -> bool:
        return self.state not in ("queued", "running")


class JobDocuments(Protocol):
    """The jobs themselves. Those that nobody has changed for `JOB_KEPT_S` are gone."""

    def add(self, job: Job) -> None: ...

    def job(self, job_id: str) -> Job:
        """JobNotFound, also for a damaged one."""
        ...

    def update(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        """Store what `change` makes of the job as it is, nobody coming between; the job after that. JobNotFound.

        `change` may be called several times; nothing is stored where it returns the job unchanged.
        """
        ...

    def remove(self, job_id: str) -> None:
        """Remove a job with its heatmaps. JobNotFound."""
        ...


class JobHeatmaps(Protocol):
    """The heatmaps of jobs, by the position of the image in its batch."""

    def put_heatmap(self, job_id: str, index: int, png: bytes) -> None:
        """JobNotFound."""
        ...

    def heatmap(self, job_id: str, index: int) -> bytes:
        """The picture (PNG). JobNotFound, HeatmapNotFound."""
        ...


class Jobs(JobDocuments, JobHeatmaps, Protocol):
    """All that is kept of jobs. Safe for many threads and processes. All methods raise StorageFull and
    StorageUnavailable."""


def checked_job_id(job_id: str) -> str:
    """The id, which becomes a path or a key. JobNotFound for anything else."""
    if not _JOB_ID.fullmatch(job_id):
        raise job_not_found(job_id)
    return job_id


def job_not_found(job_id: str) -> JobNotFound:
    return JobNotFound(
        f"There is no job {job_id[:64]!r}. Check the id; a job is kept for a day after its end, unless it is deleted."
    )


def heatmap_not_found(job_id: str, index: int) -> HeatmapNotFound:
    return HeatmapNotFound(
        f"Job {job_id!r} has no heatmap {index}. Wait until it has succeeded; its results name the heatmaps."
    )
