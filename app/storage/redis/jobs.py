"""Jobs in Redis: a document each, and a hash of heatmaps; both expire."""

from collections.abc import Callable

from redis import Redis
from redis.client import Pipeline

from app.storage.documents_json import encode, intact
from app.storage.jobs import JOB_KEPT_S, Job, Jobs, heatmap_not_found, job_not_found
from app.storage.redis import keys
from app.storage.redis.connection import explained, fetch, fetch_field, transaction


class RedisJobs(Jobs):
    """The jobs of a store that lies in Redis as a whole."""

    def __init__(self, client: Redis, kept_s: float = JOB_KEPT_S) -> None:
        self._client = client
        self._kept_ms = int(1000 * kept_s)

    def add(self, job: Job) -> None:
        with explained(self._client):
            self._client.set(keys.job(job.job_id), encode(job), px=self._kept_ms)

    def job(self, job_id: str) -> Job:
        with explained(self._client):
            return _held(self._client, job_id)

    def update(self, job_id: str, change: Callable[[Job], Job]) -> Job:
        def write(pipe: Pipeline, _: bool) -> Job:
            found = _held(pipe, job_id)
            changed = change(found)
            if changed != found:
                pipe.multi()
                pipe.set(keys.job(job_id), encode(changed), px=self._kept_ms)
                pipe.pexpire(keys.job_heatmaps(job_id), self._kept_ms)
            return changed

        with explained(self._client):
            return transaction(self._client, [keys.job(job_id)], write)

    def remove(self, job_id: str) -> None:

        def unlink(pipe: Pipeline, unanswered: bool) -> None:
            if not (unanswered and fetch(pipe, keys.job(job_id)) is None):
                _held(pipe, job_id)
                pipe.multi()
                pipe.unlink(keys.job(job_id), keys.job_heatmaps(job_id))

        with explained(self._client):
            transaction(self._client, [keys.job(job_id)], unlink)

    def put_heatmap(self, job_id: str, index: int, png: bytes) -> None:

        def write(pipe: Pipeline, _: bool) -> None:
            _held(pipe, job_id)
            pipe.multi()
            pipe.hset(keys.job_heatmaps(job_id), str(index), png)
            pipe.pexpire(keys.job_heatmaps(job_id), self._kept_ms)

        with explained(self._client):
            transaction(self._client, [keys.job(job_id)], write)

    def heatmap(self, job_id: str, index: int) -> bytes:
        with explained(self._client):
            _held(self._client, job_id)
            png = fetch_field(self._client, keys.job_heatmaps(job_id), str(index))
        if png is None:
            raise heatmap_not_found(job_id, index)
        return png


def _held(client: Redis, job_id: str) -> Job:
    data = fetch(client, keys.job(job_id))
    job = None if data is None else intact(Job, data)
    if job is None:
        raise job_not_found(job_id)
    return job
