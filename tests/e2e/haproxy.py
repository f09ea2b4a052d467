"""Debian's HAProxy with the configuration that ships, before servers that are plain processes."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.e2e.server_process import ROOT, ServerProcess
from tests.free_port import free_port

READY_WITHIN_S = 20


def require_haproxy() -> None:
    """Skip where HAProxy is not installed; fail where everything has to be tested."""
    if shutil.which("haproxy") is None:
        reason = "haproxy is absent: install it (make test-tools)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


@contextmanager
def haproxy(folder: Path, servers: Sequence[ServerProcess]) -> Iterator[tuple[str, Path]]:
    """The address of a proxy before the servers, and its log."""
    require_haproxy()
    lines = [f"    server replica-{number} {each.host}:{each.port}" for number, each in enumerate(servers)]
    (folder / "replicas.cfg").write_text("\n".join(["backend replicas from by_product", *lines, ""]))
    port, status = free_port(), free_port()
    given = {"PROXY_BIND": f"127.0.0.1:{port}", "PROXY_STATUS": f"127.0.0.1:{status}"}
    command = ["haproxy", "-db", "-f", str(ROOT / "docker" / "haproxy.cfg"), "-f", str(folder / "replicas.cfg")]
    log = folder / "haproxy.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=os.environ | given, stdout=sink, stderr=sink)
    try:
        _await_ready(process, f"http://127.0.0.1:{status}/health", log)
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        process.wait(60)


def _await_ready(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(address, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"HAProxy has no replica that is ready:\n{log.read_text()}")
