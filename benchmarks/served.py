"""A server of the benchmark's own on this machine, and the time that an inspection takes there."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx2

from app.evaluate.environment import ROOT

SAMPLE = Path(__file__).parents[1] / "app" / "demo" / "sample"
START_LIMIT_S = 600


@contextmanager
def server(folder: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """The address of a server with its store in `folder`; `settings` without their prefix."""
    with process(folder, settings, ROOT) as (address, _):
        yield address


@contextmanager
def process(folder: Path, settings: Mapping[str, str], code: Path) -> Iterator[tuple[str, int]]:
    """Address and process id of a server that runs the checkout `code`; otherwise as `server`."""
    environment = {**os.environ, **{f"INSPECTOR_{name}": value for name, value in settings.items()}}
    environment["PYTHONPATH"] = str(code)
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--data-dir", str(folder / "store")]
    log = folder / "log"
    with log.open("wb") as sink:
        running = subprocess.Popen(command, env=environment, cwd=code, stdout=sink, stderr=sink)
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while not (told := re.search(r"running on (http://[\d.:]+)", log.read_text())):
            if time.monotonic() > deadline or running.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.1)
        yield told[1], running.pid
    finally:
        running.terminate()
        running.wait(60)


def computed_ms(pid: int) -> float:
    """Processor time that a process has used so far, over all of its threads, in steps of 10 ms. Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def inspect_ms(client: httpx2.Client, product_id: str, part: bytes) -> float:
    started = time.perf_counter()
    client.post(f"/products/{product_id}/inspect", content=part).raise_for_status()
    return 1000 * (time.perf_counter() - started)


def part() -> bytes:
    """A good part of the sample product."""
    return next((SAMPLE / "test" / "good").iterdir()).read_bytes()


def reference(number: int) -> bytes:
    """A sample reference, made another photograph by its brightness."""
    pixels = cv2.imread(str(SAMPLE / "train" / "good" / "reference_01.jpg"))
    assert pixels is not None
    return cv2.imencode(".png", cv2.convertScaleAbs(pixels, alpha=1 + number / 200))[1].tobytes()
