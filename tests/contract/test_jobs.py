"""Jobs, in every store."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.errors import HeatmapNotFound, JobNotFound
from app.storage.disk import DiskJobs
from app.storage.jobs import Job, Jobs
from app.storage.open import OpenStore
from app.storage.redis import RedisJobs
from tests.redis_server import RedisServer
from tests.storage.jobs import FAILED, JOB_ID, QUEUED, SUCCEEDED, with_progress
from tests.storage.store_at import Kind, StoreAt

OTHER_ID = "f" * 32


@pytest.fixture
def jobs(opened: OpenStore) -> Jobs:
    return opened.jobs


@pytest.mark.parametrize("job", [QUEUED, SUCCEEDED, FAILED], ids=lambda job: job.state)
def test_a_job_comes_back_as_it_was_added(jobs: Jobs, job: Job) -> None:
    jobs.add(job)
    assert jobs.job(JOB_ID) == job


def test_every_replica_sees_a_job_its_changes_and_its_heatmaps(jobs: Jobs, store_at: StoreAt) -> None:
    elsewhere = store_at.open().jobs
    jobs.add(QUEUED)
    jobs.put_heatmap(JOB_ID, 1, b"a picture")
    elsewhere.update(JOB_ID, lambda job: with_progress(job, 4))
    assert jobs.job(JOB_ID).progress.done == 4
    assert elsewhere.heatmap(JOB_ID, 1) == b"a picture"


def test_changes_at_the_same_time_all_count(jobs: Jobs) -> None:
    jobs.add(QUEUED)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(40):
            pool.submit(jobs.update, JOB_ID, lambda job: with_progress(job, job.progress.done + 1))
    assert jobs.job(JOB_ID).progress.done == 40


def test_an_update_returns_the_job_after_it_changed_or_not(jobs: Jobs) -> None:
    jobs.add(QUEUED)
    assert jobs.update(JOB_ID, lambda job: with_progress(job, 1)) == with_progress(QUEUED, 1)
    assert jobs.update(JOB_ID, lambda job: job) == with_progress(QUEUED, 1)


def test_a_removed_job_is_gone_with_its_heatmaps(jobs: Jobs) -> None:
    jobs.add(SUCCEEDED)
    jobs.put_heatmap(JOB_ID, 0, b"a picture")
    jobs.remove(JOB_ID)
    for ask in touching(jobs, JOB_ID):
        with pytest.raises(JobNotFound, match=JOB_ID):
            ask()
    jobs.add(QUEUED)
    with pytest.raises(HeatmapNotFound):
        jobs.heatmap(JOB_ID, 0)


@pytest.mark.parametrize("job_id", [OTHER_ID, "", "..", "../products", JOB_ID.upper(), JOB_ID + "0"])
def test_an_unknown_job_is_not_found(jobs: Jobs, job_id: str) -> None:
    jobs.add(QUEUED)
    for ask in touching(jobs, job_id):
        with pytest.raises(JobNotFound):
            ask()


def test_a_heatmap_that_was_not_made_is_not_found(jobs: Jobs) -> None:
    jobs.add(SUCCEEDED)
    with pytest.raises(HeatmapNotFound, match="no heatmap 7"):
        jobs.heatmap(JOB_ID, 7)


def touching(jobs: Jobs, job_id: str) -> list[Callable[[], object]]:
    """Everything that needs the job."""
    return [
        lambda: jobs.job(job_id),
        lambda: jobs.update(job_id, lambda job: with_progress(job, 1)),
        lambda: jobs.put_heatmap(job_id, 0, b"a picture"),
        lambda: jobs.heatmap(job_id, 0),
        lambda: jobs.remove(job_id),
    ]


@pytest.fixture
def made(kind: Kind, tmp_path: Path, redis: RedisServer | None) -> Callable[[float], Jobs]:
    """Makes the jobs of a store that keeps them for so many seconds."""

    def make(kept_s: float) -> Jobs:
        return RedisJobs(redis.client(), kept_s) if redis and kind == "redis" else DiskJobs(tmp_path, kept_s)

    return make


def test_a_job_is_kept_from_its_last_change_on_and_then_is_gone(made: Callable[[float], Jobs]) -> None:
    jobs = made(1.0)
    jobs.add(QUEUED)
    jobs.put_heatmap(JOB_ID, 0, b"a picture")
    time.sleep(0.6)
    jobs.update(JOB_ID, lambda job: with_progress(job, 1))
    time.sleep(0.6)
    assert jobs.heatmap(JOB_ID, 0) == b"a picture"
    wait_until_gone(jobs)


def wait_until_gone(jobs: Jobs) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            jobs.job(JOB_ID)
        except JobNotFound:
            return
        time.sleep(0.02)
    raise AssertionError("the job is still there")


def test_what_is_over_makes_room_for_a_new_job(made: Callable[[float], Jobs]) -> None:
    brief, jobs = made(0.1), made(60)
    brief.add(QUEUED)
    brief.put_heatmap(JOB_ID, 0, b"a picture")
    wait_until_gone(brief)
    time.sleep(0.1)  # the picture came later than its job
    brief.add(QUEUED)
    with pytest.raises(HeatmapNotFound):
        jobs.heatmap(JOB_ID, 0)
