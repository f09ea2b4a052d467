"""Opening the store that the settings describe."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import AuthenticationError, BusyLoadingError, ConnectionError, TimeoutError

from app.errors import ConfigurationError
from app.storage.coordinated import CoordinatedCatalog
from app.storage.disk import DiskBlobs, DiskCatalog, DiskJobs
from app.storage.jobs import Jobs
from app.storage.redis import RedisBlobs, RedisCatalog, RedisJobs
from app.storage.redis.announcements import Announcements
from app.storage.redis.connection import connect, explained, wrong_password
from app.storage.redis.durability import require_durable as refuse_undurable
from app.storage.store import Blobs, Catalog

PATIENCE_S = 30.0
"""A Redis that is started together with the service may need so long to be there and to read its data."""

FIRST_PAUSE_S = 0.1
LAST_PAUSE_S = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenStore:
    """`announcements` tell what other processes change; None where no Redis does."""

    catalog: Catalog
    blobs: Blobs
    jobs: Jobs
    announcements: Announcements | None


def open_store(
    store_dir: Path,
    redis_url: str | None = None,
    password: str | None = None,
    *,
    blobs_in_redis: bool = False,
    require_durable: bool = True,
    patience_s: float = PATIENCE_S,
) -> OpenStore:
    """Open the store: on the disk, in Redis, or, with a Redis that coordinates, on both.

    Raises:
        ConfigurationError: another release wrote it, or Redis is not durable or does not accept the password.
        StorageOutdated: Redis lacks the default backbone that the volume knows of.
        StorageFull, StorageUnavailable: also when Redis cannot be reached within `patience_s`.
    """
    if redis_url is None:
        return OpenStore(DiskCatalog(store_dir), DiskBlobs(store_dir), DiskJobs(store_dir), None)
    client = connect_redis(redis_url, password, require_durable=require_durable, patience_s=patience_s)
    announcements = Announcements(client)
    if blobs_in_redis:
        return OpenStore(RedisCatalog(client), RedisBlobs(client), RedisJobs(client), announcements)
    catalog = CoordinatedCatalog(RedisCatalog(client), DiskCatalog(store_dir))
    return OpenStore(catalog, DiskBlobs(store_dir), DiskJobs(store_dir), announcements)


def connect_redis(
    url: str, password: str | None = None, *, require_durable: bool = True, patience_s: float = PATIENCE_S
) -> Redis:
    """A client whose Redis answers, within `patience_s`, and keeps what it acknowledges if that is required.

    Raises:
        ConfigurationError: the URL or the password is wrong, or Redis is not durable.
        StorageUnavailable: no answer.
    """
    client = connect(url, password)
    with explained(client):
        _await_answer(client, patience_s)
    if require_durable:
        refuse_undurable(client)
    return client


def _await_answer(client: Redis, patience_s: float) -> None:
    give_up_s, pause_s = time.monotonic() + patience_s, FIRST_PAUSE_S
    while True:
        try:
            client.ping()
            return
        except AuthenticationError:
            raise ConfigurationError(wrong_password(client)) from None
        except (ConnectionError, TimeoutError, BusyLoadingError) as error:
            if time.monotonic() + pause_s > give_up_s:
                raise
            logger.info("Redis does not answer yet (%s); trying again", error)
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LAST_PAUSE_S)
