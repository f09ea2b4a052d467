"""What tests of several folders share."""

import os
from collections.abc import Iterator

# Workers beside each other have a core each. torch and FAISS read this when they are imported, which comes later.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Compiling a network takes seconds; the tests of the compiled ones ask for it.
os.environ.setdefault("INSPECTOR_ENGINE", "torch")

import hypothesis
import pytest

from tests.redis_server import RedisServer

# A machine may be slow without a test being wrong.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def running_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_server(running_redis: RedisServer) -> RedisServer:
    """A durable redis-server, empty. It is shared: a test that ends it or sets something starts its own."""
    with running_redis.client() as client:
        client.flushall()
    return running_redis
