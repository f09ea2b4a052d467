"""The main job on the bundled sample product, over real HTTP, with a server and a store of its own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import typer
from rich.console import Console

from app.errors import ConfigurationError
from app.settings import environment_for_demo

SAMPLE = Path(__file__).parent / "sample"
PRODUCT_ID = "bearing-flange"
COMPILED = "compiled"
START_LIMIT_S = 120.0
REQUEST_LIMIT_S = 300.0
STOP_LIMIT_S = 40.0
"""A little more than the server grants the requests that are under way."""


def run_demo(output: Path) -> None:
    """Register the sample's references, inspect its good and defective parts, write the heatmaps below `output`, where
    what the server has compiled stays for the next run.

    Raises:
        ConfigurationError: the server did not start, or answered with an error.
    """
    console = Console()
    output.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="inspector-demo-") as folder,
        _server(Path(folder), output / COMPILED) as address,
        httpx2.Client(base_url=address, timeout=REQUEST_LIMIT_S, trust_env=False) as client,
    ):
        backbone = _answer(client.get("/health/ready"))["backbone"]
        console.print(f"serving on {address} with the backbone {backbone['name']}")
        _register(client, console)
        lines = _inspect_all(client, console, output)
    for line in ["score   verdict        what it shows  heatmap", *lines]:
        typer.echo(line)


def _register(client: httpx2.Client, console: Console) -> None:
    paths = sorted((SAMPLE / "train" / "good").iterdir())
    with console.status(f"registering {len(paths)} good parts, each at 8 rotations"):
        files = [("images", (path.name, path.read_bytes(), "image/jpeg")) for path in paths]
        registered = _answer(client.post(f"/products/{PRODUCT_ID}/references", files=files))
    console.print(f"registered {registered['reference_count']} references as bank version {registered['bank_version']}")


def _inspect_all(client: httpx2.Client, console: Console, output: Path) -> list[str]:
    """A line for each inspected photograph: score, verdict, what it shows, where its heatmap is."""
    lines = []
    paths = sorted((SAMPLE / "test").glob("*/*.jpg"), key=lambda path: (path.parent.name != "good", path))
    with console.status("inspecting") as status:
        for number, path in enumerate(paths, start=1):
            status.update(f"inspecting {number} of {len(paths)}")
            picture = client.post(
                f"/products/{PRODUCT_ID}/inspect",
                params={"style": "overlay", "size": "image"},
                content=path.read_bytes(),
                headers={"Content-Type": "image/jpeg", "Accept": "image/png"},
            )
            _check(picture)
            heatmap = output / f"{path.stem}.png"
            heatmap.write_bytes(picture.content)
            score, verdict = float(picture.headers["Anomaly-Score"]), picture.headers["Anomaly-Verdict"]
            lines.append(f"{score:.4f}  {verdict:<13}  {path.parent.name:<13}  {heatmap}")
    return lines


def _answer(response: httpx2.Response) -> Any:
    _check(response)
    return response.json()


def _check(response: httpx2.Response) -> None:
    if response.is_error:
        raise ConfigurationError(f"The server answered {response.status_code} to {response.url}: {response.text}")


@contextmanager
def _server(folder: Path, compiled: Path) -> Iterator[str]:
    """A server process on a free port of this machine with a store and settings of its own, ended on the way out."""
    log = folder / "server.log"
    command = [sys.executable, "-m", "app.cli", "serve", "--host", "127.0.0.1", "--port", "0"]
    # Started in the folder, the server would not find an `app` that lies in the present one.
    modules = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    environment = environment_for_demo(compiled) | {"PYTHONPATH": modules}
    with log.open("w") as sink:
        process = subprocess.Popen(
            [*command, "--data-dir", str(folder / "store")], cwd=folder, env=environment, stderr=sink, stdout=sink
        )
    try:
        yield _address(process, log)
    finally:
        end_process(process)


def end_process(process: subprocess.Popen[bytes], limit_s: float = STOP_LIMIT_S) -> None:
    """Ask a process to end, and kill it if it still runs after `limit_s`."""
    process.terminate()
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server says where it listens, and that it is ready."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if "Uvicorn running on " in line:
                return line.split("Uvicorn running on ")[1].split()[0]
        time.sleep(0.1)
    raise ConfigurationError(f"The server did not start. It said:\n{log.read_text()}")
