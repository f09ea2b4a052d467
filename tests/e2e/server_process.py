"""`inspector serve` as a process: started on a free port, ended by its id, its exit status checked."""

import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 120
STOP_LIMIT_S = 60
LOGGED_WITHIN_S = 20
SETTINGS = {"THREADS": "1", "SMALLER_EDGE": "112", "BACKBONE": "embedded", "LOG_LEVEL": "info"}


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server that answers at `host` and `port`; `log` is all that it has written."""

    process: subprocess.Popen[bytes]
    scheme: str
    host: str
    port: int
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    def client(self, verify: ssl.SSLContext | bool = True) -> httpx2.Client:
        return httpx2.Client(
            base_url=f"{self.scheme}://{self.host}:{self.port}", timeout=120, trust_env=False, verify=verify
        )

    def has_logged(self, text: str, times: int) -> bool:
        """Whether the log holds `text` so often, now or within a few seconds."""
        deadline = time.monotonic() + LOGGED_WITHIN_S
        while self.log.read_text().count(text) < times and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.log.read_text().count(text) >= times

    def stop(self) -> int:
        """Ask it to end (SIGTERM) and wait for that; its exit status."""
        self.process.terminate()
        return self.process.wait(STOP_LIMIT_S)


def _variables(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"INSPECTOR_{name}": value for name, value in settings.items()}


@contextmanager
def server_process(folder: Path, settings: Mapping[str, str], port: int = 0) -> Iterator[ServerProcess]:
    """A ready server with its store in `folder`; `port` 0: a free one.

    It must end with status 0, unless the block has ended it already.
    """
    log = folder / "server.log"
    given = {"DATA_DIR": str(folder / "store")} | dict(settings)
    environment = _variables(SETTINGS) | os.environ | _variables(given)
    command = [sys.executable, "-m", "app.cli", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sink, stderr=sink)
    try:
        yield _started(process, log)
    finally:
        running = process.poll() is None
        process.terminate()
        status = process.wait(STOP_LIMIT_S)
    assert not running or status == 0, log.read_text()


def _started(process: subprocess.Popen[bytes], log: Path) -> ServerProcess:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        if told := re.search(r"running on (https?)://([\d.]+):(\d+)", log.read_text()):
            return ServerProcess(process, told[1], told[2], int(told[3]), log)
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
