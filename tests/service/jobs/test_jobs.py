"""Jobs: one at a time, written down as they go, ended for good."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.errors import Draining, GpuOutOfMemory, JobNotFound, Overloaded, StorageUnavailable
from app.service.jobs.jobs import STALE_S, JobService, JobUnderWay, Work
from app.storage.disk import DiskJobs
from app.storage.jobs import Job, ScoredImage
from tests.storage.jobs import IMAGE, JOB_ID, QUEUED

LIMIT = 2
Results = tuple[ScoredImage, ...]


@pytest.fixture
def store(tmp_path: Path) -> DiskJobs:
    return DiskJobs(tmp_path)


@pytest.fixture
def replica(store: DiskJobs) -> Iterator[Callable[[], JobService]]:
    """Makes replicas on the store, and closes them in the end."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(JobService(store, LIMIT)))


@pytest.fixture
def jobs(replica: Callable[[], JobService]) -> JobService:
    return replica()


class Held:
    """Work that goes on until it is told to end, or that the job is to end."""

    def __init__(self) -> None:
        self.begun, self.end = threading.Event(), threading.Event()

    def __call__(self, under_way: JobUnderWay) -> Results:
        self.begun.set()
        while not self.end.wait(0.005):
            under_way.report(1, "search")
        return (IMAGE,)


def failing(error: Exception) -> Work:
    def work(_: JobUnderWay) -> Results:
        raise error

    return work


def submitted(jobs: JobService, work: Work) -> str:
    return jobs.submit("zero-shot", 3, work).job_id


def awaited(jobs: JobService, job_id: str, wanted: Callable[[Job], object] = lambda job: job.finished) -> Job:
    """The job as soon as it is as wanted; by default, as it has ended."""
    deadline = time.monotonic() + 20
    while not wanted(job := jobs.job(job_id)):
        assert time.monotonic() < deadline, job
        time.sleep(0.01)
    return job


def test_a_job_succeeds_with_the_results_of_its_work(jobs: JobService) -> None:
    job = awaited(jobs, submitted(jobs, lambda _: (IMAGE, IMAGE)))
    assert (job.state, job.results, job.error) == ("succeeded", (IMAGE, IMAGE), None)
    assert job.progress.done == job.progress.total == 3
    assert job.updated_at >= job.created_at


def test_another_replica_tells_how_far_a_job_is(jobs: JobService, replica: Callable[[], JobService]) -> None:
    job_id = submitted(jobs, Held())
    job = awaited(replica(), job_id, lambda job: job.progress.done)
    assert (job.state, job.progress.done, job.progress.stage) == ("running", 1, "search")


def test_a_second_job_waits_for_the_first(jobs: JobService) -> None:
    first, second = Held(), Held()
    submitted(jobs, first)
    waiting = submitted(jobs, second)
    assert first.begun.wait(10)
    assert jobs.job(waiting).state == "queued"
    first.end.set()
    assert second.begun.wait(10)


def test_one_job_too_many_is_refused_with_a_time_to_come_back(jobs: JobService) -> None:
    for _ in range(LIMIT):
        submitted(jobs, Held())
    with pytest.raises(Overloaded, match=r"All places for jobs are taken \(2\)") as refusal:
        submitted(jobs, Held())
    assert refusal.value.retry_after_s >= 1


def test_a_failure_is_told_with_its_code_and_advice(jobs: JobService) -> None:
    job = awaited(jobs, submitted(jobs, failing(GpuOutOfMemory("Send fewer images."))))
    assert job.state == "failed"
    assert job.error is not None
    assert (job.error.code, job.error.detail) == ("gpu-out-of-memory", "Send fewer images.")


def test_a_fault_is_logged_and_the_next_job_runs(jobs: JobService, caplog: pytest.LogCaptureFixture) -> None:
    job = awaited(jobs, submitted(jobs, failing(ZeroDivisionError("a secret"))))
    assert job.error is not None
    assert job.error.code == "internal-error"
    assert "a secret" not in job.error.detail
    assert "ZeroDivisionError: a secret" in caplog.text
    assert awaited(jobs, submitted(jobs, lambda _: ())).state == "succeeded"


def test_a_deleted_job_ends_at_its_next_step_and_is_then_cancelled(jobs: JobService) -> None:
    work = Held()
    job_id = submitted(jobs, work)
    assert work.begun.wait(10)
    jobs.delete(job_id)
    assert jobs.job(job_id).state == "cancelled"
    assert awaited(jobs, submitted(jobs, lambda _: ())).state == "succeeded"
    assert jobs.job(job_id).state == "cancelled"


def test_another_replica_can_cancel_a_job(jobs: JobService, replica: Callable[[], JobService]) -> None:
    job_id, waiting = submitted(jobs, Held()), submitted(jobs, Held())
    elsewhere = replica()
    elsewhere.delete(waiting)
    elsewhere.delete(job_id)
    assert jobs.job(job_id).state == jobs.job(waiting).state == "cancelled"
    assert awaited(jobs, eventually_submitted(jobs, lambda _: ())).state == "succeeded"


def eventually_submitted(jobs: JobService, work: Work) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            return submitted(jobs, work)
        except Overloaded:
            time.sleep(0.02)
    raise AssertionError("no place became free")


def test_a_job_that_is_cancelled_while_it_waits_gives_its_place_back(jobs: JobService) -> None:
    first, second = Held(), Held()
    submitted(jobs, first)
    assert first.begun.wait(10)
    jobs.delete(submitted(jobs, second))
    third = submitted(jobs, lambda _: ())
    first.end.set()
    assert awaited(jobs, third).state == "succeeded"
    assert not second.begun.is_set()


def test_a_job_that_has_ended_is_removed(jobs: JobService) -> None:
    job = awaited(jobs, submitted(jobs, lambda _: (IMAGE,)))
    jobs.delete(job.job_id)
    for ask in (jobs.job, jobs.delete):
        with pytest.raises(JobNotFound):
            ask(job.job_id)


@pytest.mark.parametrize(("age_s", "state"), [(STALE_S - 5, "running"), (STALE_S + 1, "failed")])
def test_a_job_whose_process_is_gone_has_failed_after_a_while(
    jobs: JobService, store: DiskJobs, age_s: float, state: str
) -> None:
    last_sign = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat()
    store.add(replace(QUEUED, state="running", updated_at=last_sign))
    job = jobs.job(JOB_ID)
    assert job.state == state
    assert (job.error.code if job.error else None) == ("job-interrupted" if state == "failed" else None)


def test_a_job_whose_process_is_gone_can_be_removed(jobs: JobService, store: DiskJobs) -> None:
    store.add(replace(QUEUED, updated_at="2026-01-01T00:00:00+00:00"))
    jobs.delete(JOB_ID)
    with pytest.raises(JobNotFound):
        jobs.job(JOB_ID)


def test_a_stop_ends_what_runs_and_what_waits_and_takes_nothing_new(store: DiskJobs) -> None:
    stopping = JobService(store, LIMIT)
    job_ids = [submitted(stopping, Held()) for _ in range(LIMIT)]
    started = time.monotonic()
    stopping.close()
    assert time.monotonic() - started < 5
    for job_id in job_ids:
        job = store.job(job_id)
        assert (job.state, job.error.code if job.error else None) == ("failed", "draining")
    with pytest.raises(Draining):
        submitted(stopping, Held())


class StoreThatIsAway(DiskJobs):
    """Fails while `away` is set."""

    away = False

    def update(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        if self.away:
            raise StorageUnavailable("The store is away.")
        return super().update(job_id, change)


def test_an_end_that_cannot_be_written_down_is_written_down_later(tmp_path: Path) -> None:
    store = StoreThatIsAway(tmp_path)
    with closing(JobService(store, LIMIT)) as jobs:
        work = Held()
        job_id = submitted(jobs, work)
        assert work.begun.wait(10)
        store.away = True
        work.end.set()
        time.sleep(0.2)
        assert jobs.job(job_id).state != "succeeded"
        store.away = False
        assert awaited(jobs, job_id).state == "succeeded"


def test_a_job_that_cannot_be_stored_is_not_taken_on(tmp_path: Path) -> None:
    class Full(DiskJobs):
        def add(self, job: Job) -> None:
            raise StorageUnavailable(f"No room for {job.job_id}.")

    work = Held()
    with closing(JobService(Full(tmp_path), LIMIT)) as jobs:
        for _ in range(LIMIT + 1):
            with pytest.raises(StorageUnavailable):
                submitted(jobs, work)
        assert not work.begun.wait(0.1)
