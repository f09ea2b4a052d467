"""How weights get into the container: fetched by the entry point, from a mounted folder, or built into the image."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.compose.callers import inspection, prepared
from tests.compose.deployment import deployment
from tests.compose.engine import ROOT, STATE, build, docker, inspected, logged, wait_until
from tests.free_port import free_port
from tests.shared import SHARED, needs_shared
from tests.weights.file_server import FileServer, serving

pytestmark = pytest.mark.compose

NAME = "vit_tiny_patch16_224"
FILE = SHARED / "weights" / f"{NAME}.safetensors"
BAKED = "anomalydino-inspector:test-baked"
CONTEXT = ("Dockerfile", ".dockerignore", "constraints.txt", "pyproject.toml", "README.md", "app", "models", "docker")


def started(image: str, *options: str) -> str:
    """The id of a container that listens on loopback inside, where no key is needed."""
    settings = (f"--env=INSPECTOR_BACKBONE={NAME}", "--env=INSPECTOR_HOST=127.0.0.1", "--env=INSPECTOR_THREADS=1")
    options = (*settings, "--health-interval=2s", *options)
    return docker("run", "--detach", "--read-only", "--tmpfs", "/tmp", *options, image).strip()


@contextmanager
def container(image: str, *options: str) -> Iterator[str]:
    """A container that is ready or has ended; its volumes go with it."""
    name = started(image, *options)
    try:
        wait_until(
            lambda: inspected(name, STATE) in ("running healthy", "exited unhealthy"),
            120,
            f"{name} is ready or has ended",
        )
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


@needs_shared
def test_a_mounted_folder_of_weights_serves(image: str, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir(mode=0o755)
    shutil.copyfile(FILE, folder / FILE.name)
    settings = {"INSPECTOR_BACKBONE": NAME, "INSPECTOR_WEIGHTS": str(folder)}
    with deployment(image, tmp_path / "secrets", settings=settings) as running, running.client() as admin:
        prepared(admin, "flange")
        assert inspection(admin, "flange").json()["backbone"] == NAME


@needs_shared
def test_missing_weights_are_fetched_before_the_server_starts(image: str) -> None:
    with serving(FileServer(FILE.read_bytes())) as mirror:
        places = (f"--env=INSPECTOR_WEIGHTS_URL={mirror.address}", f"--env=INSPECTOR_PORT={free_port()}")
        with container(image, "--network=host", *places) as running:
            assert inspected(running, STATE) == "running healthy"
    assert mirror.requests == [(f"/{FILE.name}", None)]


def test_weights_that_cannot_be_had_end_the_start_and_say_what_to_do(image: str) -> None:
    name = started(image, "--network=none")
    try:
        assert docker("wait", name).strip() == "1"
        assert "lay the file there yourself" in logged(name)
    finally:
        docker("rm", "--volumes", name)


def test_a_stop_while_weights_are_fetched_ends_at_once(image: str) -> None:
    hold = Event()
    with serving(FileServer(b"weights", hold=hold)) as mirror:
        name = started(image, "--network=host", f"--env=INSPECTOR_WEIGHTS_URL={mirror.address}")
        try:
            wait_until(lambda: bool(mirror.requests), 60, "the download has begun")
            docker("stop", "--time", "60", name)
            assert inspected(name, "{{.State.ExitCode}}") == "143"
        finally:
            hold.set()
            docker("rm", "--force", "--volumes", name)


@needs_shared
@pytest.mark.usefixtures("image")
def test_weights_from_the_context_are_built_in_and_serve_without_a_network(tmp_path: Path) -> None:
    for part in CONTEXT:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy2)(ROOT / part, tmp_path / part)
    shutil.copyfile(FILE, tmp_path / "docker" / "weights" / FILE.name)
    build(BAKED, tmp_path, BAKE_WEIGHTS=NAME)
    try:
        with container(BAKED, "--network=none") as running:
            assert inspected(running, STATE) == "running healthy"
    finally:
        docker("image", "rm", BAKED)
