"""Jobs to store."""

from dataclasses import replace

from app.storage.jobs import Job, JobError, JobProgress, ScoredImage

JOB_ID = "0123456789abcdef" * 2
NOW = "2026-01-02T03:04:05.000000+00:00"

QUEUED = Job(JOB_ID, "zero-shot", "queued", JobProgress(0, 6), NOW, NOW)
IMAGE = ScoredImage(0, "Größe 3.png", 0.1 + 0.2, ("mask_untested",), 160, 128, "0" * 64, 140, 112, 0.3, "inferno")
SUCCEEDED = replace(QUEUED, state="succeeded", progress=JobProgress(6, 6, "heatmaps"), results=(IMAGE, IMAGE))
FAILED = replace(QUEUED, state="failed", error=JobError("gpu-out-of-memory", "Send fewer images."))


def with_progress(job: Job, done: int) -> Job:
    return replace(job, progress=replace(job.progress, done=done))
