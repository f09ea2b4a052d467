"""What is damaged is kept, out of the way: somebody may still save what is in it."""

import logging
from collections.abc import Callable

from redis import Redis
from redis.client import Pipeline

from app.storage.redis import keys
from app.storage.redis.connection import fetch, fetch_field, transaction

logger = logging.getLogger(__name__)


def quarantine(client: Redis, key: str, damaged: Callable[[bytes], bool]) -> bytes | None:
    """Move a damaged value away, unless another client has done so, or has replaced it.

    The value that stays: None when there is none.
    """

    def move(pipe: Pipeline, _: bool) -> bytes | None:
        found = fetch(pipe, key)
        if found is None or not damaged(found):
            return found
        pipe.multi()
        pipe.rename(key, keys.new_quarantine(key))
        return None

    _report(key)
    return transaction(client, [key], move)


def quarantine_field(client: Redis, key: str, field: str, damaged: bytes) -> None:
    """As `quarantine`, for a field of a hash."""

    def move(pipe: Pipeline, _: bool) -> None:
        if fetch_field(pipe, key, field) == damaged:
            pipe.multi()
            keep(pipe, f"{key}:{field}", damaged)
            pipe.hdel(key, field)

    transaction(client, [key], move)


def keep(pipe: Pipeline, key: str, damaged: bytes) -> None:
    """Keep the damaged value of a key that the same transaction writes anew or deletes."""
    _report(key)
    pipe.set(keys.new_quarantine(key), damaged)


def _report(key: str) -> None:
    logger.error("%s in Redis is damaged; it is kept under inspector:quarantine", key)
