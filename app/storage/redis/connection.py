"""The connection to Redis: its time limits, and its failures as errors that say what to do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar, cast

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.client import Pipeline
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TimeoutError,
    WatchError,
)
from redis.retry import Retry

from app.errors import ConfigurationError, StorageFull, StorageUnavailable

CONNECT_TIMEOUT_S = 2
REPLY_TIMEOUT_S = 5
HEALTH_CHECK_S = 15
"""A connection that was idle for longer is tried before it is used."""

RETRIES = 2
FIRST_RETRY_S = 0.05
LAST_RETRY_S = 0.5

T = TypeVar("T")


def connect(url: str, password: str | None = None) -> Redis:
    """A client of the Redis at `url` (`redis://host:6379/0`, `rediss://` for TLS); the first command connects.

    Safe for many threads. A lost connection is made anew, a reply that does not come in time is not waited for again.

    Raises:
        ConfigurationError: the URL cannot be read.
    """
    # Only where the connection was refused or lost: to repeat a command that has timed out would double the wait.
    retry = Retry(ExponentialBackoff(cap=LAST_RETRY_S, base=FIRST_RETRY_S), RETRIES, (ConnectionError,))
    try:
        return Redis.from_url(
            url,
            **({} if password is None else {"password": password}),
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=REPLY_TIMEOUT_S,
            health_check_interval=HEALTH_CHECK_S,
            retry=retry,
        )
    except ValueError:
        # Neither the URL nor the reason is shown: a password may stand in them.
        raise ConfigurationError("The URL of Redis cannot be read. Write it as redis://host:6379/0.") from None


def address(client: Redis) -> str:
    """Where a client connects to, for messages: without user and password."""
    where = client.connection_pool.connection_kwargs
    return str(where["path"]) if "path" in where else f"{where.get('host', 'localhost')}:{where.get('port', 6379)}"


def wrong_password(client: Redis) -> str:
    return (
        f"Redis at {address(client)} does not accept the password. Set INSPECTOR_REDIS_PASSWORD, or the secret of that "
        "name, to the one in its configuration (requirepass)."
    )


@contextmanager
def explained(client: Redis) -> Iterator[None]:
    """Turn an error of Redis into StorageFull (its memory or its disk) or StorageUnavailable (everything else)."""
    try:
        yield
    except RedisError as error:
        raise _explanation(client, error) from error


def transaction(client: Redis, keys: Sequence[str], change: Callable[[Pipeline, bool], T]) -> T:
    """Run `change` until no other client has touched the `keys` between its first read and its writes; its result.

    `change` reads from the pipeline, and calls `multi()` before its writes. Its second argument is true when an
    earlier attempt got no answer: that one may have been carried out.
    """
    unanswered = False
    with client.pipeline() as pipe:
        watch: Callable[..., object] = pipe.watch
        while True:
            try:
                watch(*keys)
                result = change(pipe, unanswered)
                pipe.execute()
                return result
            except WatchError as error:
                # redis-py raises it for a lost connection too, while that error is being handled.
                unanswered = unanswered or error.__context__ is not None


def fetch(client: Redis, key: str) -> bytes | None:
    return cast("bytes | None", client.get(key))


def fetch_together(client: Redis, *keys: str) -> list[bytes | None]:
    """The values as they were at one moment."""
    return cast("list[bytes | None]", client.mget(keys))


def fetch_list(client: Redis, key: str, start: int, end: int) -> list[str]:
    """Members of a sorted set from `start` to `end`, both included."""
    return [member.decode() for member in cast("list[bytes]", client.zrange(key, start, end))]


def fetch_values(client: Redis, key: str) -> list[str]:
    """The values of a hash, in no order."""
    return [value.decode() for value in cast("list[bytes]", client.hvals(key))]


def fetch_field(client: Redis, key: str, field: str) -> bytes | None:
    return cast("bytes | None", client.hget(key, field))


def fetch_fields(client: Redis, key: str) -> list[str]:
    """The fields of a hash, in no order."""
    return [field.decode() for field in cast("list[bytes]", client.hkeys(key))]


def _explanation(client: Redis, error: RedisError) -> StorageFull | StorageUnavailable:
    where, text = address(client), str(error)
    if isinstance(error, OutOfMemoryError) or "OOM command not allowed" in text:
        return StorageFull(
            f"Redis at {where} has reached its memory limit. Raise its maxmemory, or delete products with ?purge=true, "
            "then repeat the request."
        )
    if "MISCONF" in text and "No space left" in text:
        return StorageFull(f"The disk of Redis at {where} is full. Free space there, then repeat the request.")
    if isinstance(error, AuthenticationError) or text.startswith(("NOAUTH", "WRONGPASS")):
        return StorageUnavailable(wrong_password(client))
    return StorageUnavailable(_advice(where, error, text))


def _advice(where: str, error: RedisError, text: str) -> str:
    if isinstance(error, NoPermissionError):
        return f"Redis at {where} forbids a command ({text}). Allow it to the service's user (ACL SETUSER)."
    if isinstance(error, ReadOnlyError):
        return f"Redis at {where} is a read-only replica. Give the address of the primary."
    if isinstance(error, BusyLoadingError):
        return f"Redis at {where} is reading its data after a start. Repeat the request in a moment."
    if isinstance(error, ConnectionError | TimeoutError):
        # A durable Redis ends where it cannot write its file.
        return (
            f"Redis at {where} cannot be reached ({text}). Check that it runs, that its disk is not full, and that the "
            "service may connect."
        )
    return f"Redis at {where} refuses to work: {text}. See its log, then repeat the request."
