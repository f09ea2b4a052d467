"""One deployment under a project name of its own: its own networks, volumes, secrets and free port."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx2

from tests.compose.engine import STATE, compose_command, docker, inspected, logged, run, wait_until
from tests.free_port import free_port

SINGLE = ("docker-compose.yml", "docker-compose.override.yml")
SCALED = ("docker-compose.yml", "docker/compose.scale.yml")
SETTINGS = {"INSPECTOR_BACKBONE": "embedded", "INSPECTOR_THREADS": "1", "INSPECTOR_SMALLER_EDGE": "112"}
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
HEALTHY_WITHIN_S = 240


@dataclass(frozen=True, slots=True)
class Deployment:
    """Containers that compose started from `files`, reached at `address`."""

    project: str
    files: tuple[str, ...]
    environment: Mapping[str, str]
    address: str
    admin_key: str

    def compose(self, *arguments: str) -> str:
        return self.piped(*arguments).decode()

    def piped(self, *arguments: str, stdin: bytes = b"") -> bytes:
        files = [part for file in self.files for part in ("--file", file)]
        command = [*compose_command(), "--project-name", self.project, *files, *arguments]
        return run(command, stdin=stdin, environment=self.environment)

    def up(self) -> None:
        """Start what does not run, and wait until everything is healthy."""
        self.compose("up", "--detach", "--no-build")
        self.wait_healthy()

    def wait_healthy(self) -> None:
        for container in self.containers():
            self._wait_healthy(container)

    def _wait_healthy(self, container: str) -> None:
        def healthy() -> bool:
            assert int(inspected(container, "{{.RestartCount}}")) < 5, f"{container} starts again and again"
            return inspected(container, STATE) == "running healthy"

        try:
            wait_until(healthy, HEALTHY_WITHIN_S, f"{container} is healthy")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{logged(container)}") from error

    def containers(self, *services: str) -> list[str]:
        """The names of its containers, of these services or of all, running or not."""
        labels = '{{.Names}} {{.Label "com.docker.compose.service"}}'
        mine = f"label=com.docker.compose.project={self.project}"
        lines = [line.split() for line in docker("ps", "--all", "--format", labels, "--filter", mine).splitlines()]
        return sorted(name for name, service in lines if not services or service in services)

    def container(self, service: str) -> str:
        return self.containers(service)[0]

    def inspector(self, *arguments: str) -> str:
        """What `inspector …` prints inside the first api container."""
        return self.compose("exec", "-T", "api", "inspector", *arguments).strip()

    def client(self, key: str | None = None) -> httpx2.Client:
        """A caller with that key, the admin key if none is given; with "" none at all."""
        key = self.admin_key if key is None else key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx2.Client(base_url=self.address, headers=headers, timeout=120, trust_env=False)


@contextmanager
def deployment(
    image: str, folder: Path, files: tuple[str, ...] = SINGLE, settings: Mapping[str, str] = NO_SETTINGS
) -> Iterator[Deployment]:
    """A healthy deployment of `image` with its secrets in `folder`; nothing is left of it at the end of the block."""
    admin_key, port = secrets.token_hex(32), free_port()
    passwords = {f"inspector_{each}_password": secrets.token_hex(32) for each in ("redis", "records")}
    _write_secrets(folder, inspector_admin_key=admin_key, **passwords)
    places = {
        "INSPECTOR_IMAGE": image,
        "INSPECTOR_PUBLISH": f"127.0.0.1:{port}",
        "INSPECTOR_SECRETS_DIR": str(folder),
    }
    project = f"inspector-test-{secrets.token_hex(4)}"
    running = Deployment(project, files, {**SETTINGS, **places, **settings}, f"http://127.0.0.1:{port}", admin_key)
    try:
        running.up()
        yield running
    finally:
        running.compose("down", "--volumes", "--remove-orphans", "--timeout", "1")
    assert running.containers() == []


def _write_secrets(folder: Path, **contents: str) -> None:
    """As docs/operations.md tells: the folder is closed, the files are readable by the users in the containers."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_text(content + "\n")
        (folder / name).chmod(0o444)
