"""A PostgreSQL server as a process: on a free port of this machine, ended by its id."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.free_port import free_port

START_LIMIT_S = 60
ACCOUNT = "postgres"
"""Debian's package makes it. The server does not start as root."""


def postgres_folder() -> Path:
    """Where PostgreSQL's programs lie. Skips where there are none; fails where everything has to be tested."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).parent
    if installed := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return installed[-1].parent
    reason = "PostgreSQL is absent: install it (apt-get install postgresql)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def postgres_server() -> Iterator["PostgresServer"]:
    """A started one of its own, beside pytest's folder: each pytest that starts closes that one to other accounts."""
    with tempfile.TemporaryDirectory() as kept:
        server = PostgresServer(Path(kept) / "server")
        server.start()
        try:
            yield server
        finally:
            server.stop()


class PostgresServer:
    """Started by `start`, again on the same port with the same data by the next `start`. Trusts whoever asks."""

    def __init__(self, folder: Path) -> None:
        self._programs = postgres_folder()
        self.folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(folder, ACCOUNT, ACCOUNT)
            for parent in folder.parents:
                if parent.owner() == "root" and parent.is_relative_to("/tmp") and parent != Path("/tmp"):
                    parent.chmod(parent.stat().st_mode | 0o011)
        self._run("initdb", "--auth=trust", "--username=inspector", "--encoding=UTF8", "--locale=C", str(self._data))

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://inspector@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty one."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            [number] = connection.execute("SELECT count(*) FROM pg_database").fetchone() or (0,)
            connection.execute(f"CREATE DATABASE records_{number}")
        return self.url(f"records_{number}")

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = self._as_account("postgres", "-D", str(self._data), "-h", "127.0.0.1", "-p", str(self.port))
        command += ["-k", "", "-c", "fsync=off"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
        self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(self._as_account(program, *arguments), check=True, capture_output=True, cwd="/")

    def _as_account(self, program: str, *arguments: str) -> list[str]:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() != 0:
            return command
        return ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups", "--", *command]
