"""Learning at once what other processes have changed."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError, TimeoutError

from app.storage.redis import keys

LISTEN_S = 1.0
"""After so long without a message Redis is asked for a sign of life."""

SILENCE_S = 3.0
"""After so long without one the connection counts as lost."""

FIRST_PAUSE_S = 0.1
LAST_PAUSE_S = 5.0

OnChange = Callable[[str | None], None]

logger = logging.getLogger(__name__)


class Announcements:
    """The announcements of one Redis, followed by a thread of its own until `close`.

    Messages that were sent while the connection was away are lost; the listener is told so. Nothing that is heard, and
    no error of the listener, ends the thread.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._reachable = False

    @property
    def reachable(self) -> bool:
        """Whether changes are heard of at present."""
        return self._reachable

    def follow(self, on_change: OnChange) -> None:
        """Begin to listen; returns at once.

        `on_change` is called on the thread of the listener: with the id of a product that has changed, or with None
        where anything may have: the connection was made or lost, or the record of the store has changed. Called once.
        """
        self._thread = threading.Thread(target=self._run, args=(on_change,), name="announcements", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; `on_change` is not called any more."""
        self._closed.set()
        if self._thread:
            self._thread.join()
        self._thread = None

    def _run(self, on_change: OnChange) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._closed.is_set():
            try:
                with PubSub(self._client.connection_pool) as channel:
                    channel.subscribe(keys.CHANGES)
                    for product_id in self._heard(channel):
                        pause_s = FIRST_PAUSE_S
                        _tell(on_change, product_id)
            except RedisError as error:
                if self._reachable:
                    logger.warning("Redis announces no changes at present (%s); trying again", error)
                    self._reachable = False
                    _tell(on_change, None)
            finally:
                self._reachable = False
            self._closed.wait(pause_s)
            pause_s = min(2 * pause_s, LAST_PAUSE_S)

    def _heard(self, channel: PubSub) -> Iterator[str | None]:
        heard_s = time.monotonic()
        while not self._closed.is_set():
            message = channel.get_message(timeout=LISTEN_S)
            if message is None:
                if time.monotonic() - heard_s > SILENCE_S:
                    raise TimeoutError(f"no sign of life for {SILENCE_S:g} s")
                channel.ping()
                continue
            if message["type"] == "subscribe":
                # Comes also when redis-py has made a lost connection anew by itself.
                self._reachable = True
                yield None
            elif message["type"] == "message":
                yield _product_of(message["data"])
            # Only now: while the listener was busy nobody was listening, which is no silence of Redis.
            heard_s = time.monotonic()


def _product_of(message: bytes) -> str | None:
    """The product that has changed; None where anything may have, also for what no replica has sent."""
    try:
        return message.decode() or None
    except UnicodeDecodeError:
        return None


def _tell(on_change: OnChange, product_id: str | None) -> None:
    try:
        on_change(product_id)
    except Exception:
        # Without the thread this process would hear of no change any more.
        logger.exception("the change of %s was not followed", product_id or "anything")
