"""A server that is killed, a database that is away, a disk that is full: what was answered is on record, once."""

import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.metrics.samples import value
from tests.api.photographs import photograph
from tests.e2e.server_process import ServerProcess, server_process
from tests.load import Load, load
from tests.postgres_server import PostgresServer, postgres_server
from tests.waiting import wait_until

CALLERS = 4
LATEST_KILL_S = 1.5
TMPFS_BYTES, LEFT_BYTES = 2**22, 2**14


@dataclass
class Line:
    """A line that inspects part after part, and remembers which inspections were answered to it."""

    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    interrupted: int = 0

    @contextmanager
    def inspecting(self, server: ServerProcess) -> Iterator[Load]:
        image = photograph(1)
        with server.client() as client:

            def inspect(caller: int) -> httpx2.Response:
                return client.post(f"/products/line/inspect?heatmap=none&part_id={caller}", content=image)

            with load(CALLERS, inspect) as running:
                yield running
        assert {status for status in running.failures() if status} == set()
        self.interrupted += any(each is None for each in running.answers)
        self.answered |= {body["inspection_id"]: body for body in running.bodies()}

    def flagged(self) -> set[str]:
        return {name for name, body in self.answered.items() if "unrecorded" in body["flags"]}


def register(server: ServerProcess) -> None:
    with server.client() as client:
        client.post("/products/line/references", content=photograph(0)).raise_for_status()


def metric(server: ServerProcess, name: str) -> float:
    with server.client() as client:
        found = value(client.get("/metrics").raise_for_status().text, f"inspector_records_{name}")
    assert found is not None
    return found


def is_drained(server: ServerProcess) -> bool:
    return metric(server, "away") == metric(server, "spool_bytes") == 0


def recorded(server: ServerProcess) -> list[str]:
    """The ids of all records."""
    with server.client() as client:
        answer = client.get("/inspections", headers={"Accept": "application/x-ndjson"}).raise_for_status()
    return [json.loads(line)["inspection_id"] for line in answer.text.splitlines()]


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """One of its own, for it is stopped."""
    with postgres_server() as server:
        yield server


@pytest.mark.parametrize("rounds", [1, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(7200)])])
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_of_killed_servers_every_answer_is_on_record_once(
    tmp_path: Path, request: pytest.FixtureRequest, database: str, rounds: int
) -> None:
    # So short a wait that some records take the way over the spool.
    settings = {"RECORDS_WAIT_MS": "5"}
    if database == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        settings["RECORDS_URL"] = server.url()
    line, moments = Line(), random.Random(20261128)
    for number in range(rounds):
        with server_process(tmp_path, settings) as running:
            if number == 0:
                register(running)
            killer = threading.Timer(moments.uniform(0, LATEST_KILL_S), running.process.kill)
            with line.inspecting(running) as answers:
                wait_until(lambda: len(answers.answers) > 0)
                killer.start()
                running.process.wait()
            killer.join()
    with server_process(tmp_path, settings) as running:
        wait_until(lambda: is_drained(running))
        found = recorded(running)
        assert metric(running, "lost_total") == 0
    assert len(found) == len(set(found))
    assert set(line.answered) <= set(found)
    assert line.interrupted == rounds
    # What was on record and not answered yet when the server was killed.
    assert len(found) - len(line.answered) <= CALLERS * rounds


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.long)])
def test_a_postgresql_that_is_away_fails_no_inspection_and_has_all_of_them_later(
    tmp_path: Path, postgres: PostgresServer, seconds: float
) -> None:
    line = Line()
    with server_process(tmp_path, {"RECORDS_URL": postgres.url()}) as server:
        register(server)
        with line.inspecting(server) as answers:
            wait_until(lambda: len(answers.answers) >= CALLERS)
            postgres.stop()
            stopped, before = time.monotonic(), len(answers.answers)
            wait_until(lambda: time.monotonic() > stopped + seconds and len(answers.answers) > before + 2 * CALLERS)
            postgres.start()
            wait_until(lambda: is_drained(server))
            before = len(answers.answers)
            wait_until(lambda: len(answers.answers) > before + 2 * CALLERS)
        wait_until(lambda: is_drained(server))
        found = recorded(server)
        assert metric(server, "lost_total") == 0
    assert sorted(found) == sorted(line.answered)
    assert line.interrupted == 0
    assert len(line.flagged()) >= CALLERS


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Skips where none can be mounted."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all of the room that is left, but for what a record may just find."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(LEFT_BYTES)):
            pass
    return ballast


def test_on_a_full_disk_inspections_go_on_flagged_and_are_recorded_again_when_there_is_room(tmp_path: Path) -> None:
    line, records = Line(), tmp_path / "store" / "records"
    with small_disk(records), server_process(tmp_path, {}) as server:
        register(server)
        with line.inspecting(server) as answers:
            wait_until(lambda: len(answers.answers) >= CALLERS)
            ballast = fill(records)
            wait_until(lambda: metric(server, "lost_total") > 0)
            ballast.unlink()
            wait_until(lambda: is_drained(server))
            before = len(answers.answers)
            wait_until(lambda: len(answers.answers) > before + 2 * CALLERS)
        wait_until(lambda: is_drained(server))
        found, lost = recorded(server), metric(server, "lost_total")
    assert line.interrupted == 0
    assert len(found) == len(set(found))
    assert set(line.answered) - line.flagged() <= set(found)
    assert len(line.answered) - len(found) == lost
    assert "unrecorded" not in [*line.answered.values()][-1]["flags"]
