"""A Docker engine, asked over its command line."""

import functools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATE = "{{.State.Status}} {{.State.Health.Status}}"
"""As `running healthy`, for `inspected`."""
CLASSIC_BUILDER = {"DOCKER_BUILDKIT": "0"}
"""Works with every engine, also where the newer builder is not installed."""


def run(command: Sequence[str], *, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
    """What the command printed to standard output. A failure is an assertion that shows both streams."""
    everything = {**os.environ, **(environment or {})}
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, env=everything, check=False)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout.decode()}\n{done.stderr.decode()}"
    return done.stdout


def docker(*arguments: str, stdin: bytes = b"") -> str:
    return run(["docker", *arguments], stdin=stdin).decode()


def inspected(container: str, template: str) -> str:
    """What `docker inspect` says, as the template formats it."""
    return docker("inspect", "--format", template, container).strip()


def logged(container: str) -> str:
    """The last of what it wrote, to whichever stream."""
    command = ["docker", "logs", "--tail", "40", container]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout.decode()


@functools.cache
def compose_command() -> tuple[str, ...]:
    """Compose 2 where the engine's command line has it, else docker-compose 1; empty where neither is."""
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ("docker", "compose")
    return ("docker-compose",) if shutil.which("docker-compose") else ()


@functools.cache
def missing() -> str | None:
    """Why no deployment can run here; None where one can."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode != 0:
        return "no Docker engine runs here (docker info fails)"
    return None if compose_command() else "neither docker compose nor docker-compose is installed"


def build(tag: str, folder: Path, **arguments: str) -> None:
    """Build the image of the project in `folder`."""
    given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    command = ["docker", "build", "--network", "host", "--tag", tag, *given, str(folder)]
    run(command, environment=CLASSIC_BUILDER)


def wait_until(true: Callable[[], bool], within_s: float, what: str) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.2)
