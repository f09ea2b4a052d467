"""Debian's Prometheus, with the configuration that ships, before a server that is a plain process."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.free_port import free_port

OBSERVABILITY = Path(__file__).parents[1] / "docker" / "observability"
READY_WITHIN_S = 30
DISCOVERY = re.compile(r"    dns_sd_configs:\n.*\n")


def require_prometheus() -> None:
    """Skip where Prometheus is not installed; fail where everything has to be tested."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        reason = "prometheus is absent: install it (make test-tools)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


class Prometheus:
    """Answers queries."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer. AssertionError, which says why, where there is none."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def await_scrape(self) -> dict[str, Any]:
        """The one target, once it has been scraped; also where that failed."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            try:
                targets = self.ask("targets")["activeTargets"]
            except (httpx2.TransportError, AssertionError):
                targets = []
            if targets and targets[0]["health"] != "unknown":
                target: dict[str, Any] = targets[0]
                return target
            time.sleep(0.1)
        raise AssertionError("Prometheus scraped nothing")


@contextmanager
def prometheus(folder: Path, scraped: str, key: str) -> Iterator[Prometheus]:
    """Scrapes `scraped` (host and port) with the key each second, and evaluates the alarms."""
    require_prometheus()
    (folder / "key").write_text(f"{key}\n")
    shutil.copy(OBSERVABILITY / "alerts.yml", folder)
    shipped = (OBSERVABILITY / "prometheus.yml").read_text()
    written = DISCOVERY.sub(f"    static_configs: [{{targets: ['{scraped}']}}]\n", shipped)
    written = written.replace("/run/secrets/inspector_metrics_key", str(folder / "key")).replace(": 15s", ": 1s")
    (folder / "prometheus.yml").write_text(written)
    port = free_port()
    command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            yield Prometheus(client)
    finally:
        process.terminate()
        process.wait(30)
