"""A redis-server as a process: durable, on a free port of this machine, ended by its id."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError

from tests.free_port import free_port

DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")
START_LIMIT_S = 20


def require_redis_server() -> None:
    """Skip where redis-server is not installed; fail where everything has to be tested."""
    if shutil.which("redis-server") is None:
        reason = "redis-server is absent: install it (apt-get install redis-server)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


class RedisServer:
    """Started by `start`, again on the same port with the same data by the next `start`."""

    def __init__(self, folder: Path, *options: str, password: str | None = None) -> None:
        """`options` as on the command line of redis-server; its data lie in `folder`."""
        require_redis_server()
        self.folder = folder
        self.password = password
        self.port = free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        """A client without retries, for the tests themselves."""
        return Redis(port=self.port, password=self.password, socket_timeout=10)

    def start(self) -> None:
        """Start it and wait until it has read its data."""
        self.folder.mkdir(parents=True, exist_ok=True)
        password = ("--requirepass", self.password) if self.password else ()
        where = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", "")
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["redis-server", *where, *DURABLE, *password, *self._options], stdout=log, stderr=log
            )
        self._await_answer()

    def stop(self) -> None:
        """End it as an operator does (SIGTERM)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does (SIGKILL)."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Let it answer nothing, with its connections open, until `thaw`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
        self._process = None

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        with self.client() as client:
            while True:
                try:
                    client.ping()
                    return
                except ConnectionError:
                    if time.monotonic() > deadline:
                        raise AssertionError((self.folder / "redis.log").read_text()) from None
                    time.sleep(0.02)
