"""Several servers over one store, as a deployment has them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.e2e.server_process import ServerProcess, server_process
from tests.redis_server import RedisServer


def coordinated(volume: Path, redis: RedisServer) -> dict[str, str]:
    """Blobs and copies on a volume, what is so in Redis; no records, which in SQLite are one process's."""
    return {"STORE_URL": f"disk://{volume}", "COORDINATION_URL": redis.url, "RECORDS": "off"}


def in_redis(redis: RedisServer) -> dict[str, str]:
    return {"STORE_URL": redis.url}


@contextmanager
def replicas(folder: Path, count: int, settings: Mapping[str, str]) -> Iterator[list[ServerProcess]]:
    """`count` servers with the same settings; logs in `folder`. Each must end with status 0 unless it ended before."""
    with ExitStack() as stack:
        started = []
        for number in range(count):
            own = folder / f"replica-{number}"
            own.mkdir(parents=True)
            started.append(stack.enter_context(server_process(own, settings)))
        yield started
