"""A real server process on a free port with a store of its own, and clients that talk to it."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.e2e.server_process import ServerProcess, server_process


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with tight limits, shared by all tests that leave it running. At its end it must stop cleanly."""
    limits = {"MAX_BODY_BYTES": str(4 * 2**20), "MAX_IMAGES_PER_REQUEST": "4"}
    with server_process(tmp_path_factory.mktemp("server"), limits) as running:
        yield running


@pytest.fixture(scope="session")
def client(server: ServerProcess) -> Iterator[httpx2.Client]:
    with server.client() as calling:
        yield calling
