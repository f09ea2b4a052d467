"""How long does an inspection take while 16 references with rotations are being registered, beside an idle service?

    python -m benchmarks.inspect_during_registration [--backbone NAME] [--weights DIR]

Starts a server of its own on this machine. Both figures come from the same server in the same run; what counts is the
ratio of the 95th percentiles.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx2
import numpy as np

from benchmarks.machine import measured_with, say

SAMPLE = Path(__file__).parents[1] / "app" / "demo" / "sample"
REFERENCES = 16
IDLE_INSPECTIONS = 60
START_LIMIT_S = 120


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--backbone", default="embedded")
    options.add_argument("--weights", default="models/weights")
    chosen = options.parse_args()
    say(measured_with(["torch", "faiss-gpu", "numpy", "opencv-python-headless", "uvicorn"]))
    with (
        tempfile.TemporaryDirectory() as folder,
        server(Path(folder), chosen.backbone, chosen.weights) as address,
        httpx2.Client(base_url=address, timeout=600, trust_env=False) as client,
    ):
        report(client)


def report(client: httpx2.Client) -> None:
    part = next((SAMPLE / "test" / "good").iterdir()).read_bytes()
    client.post("/products/line/references", content=reference(0)).raise_for_status()
    for _ in range(5):
        inspect_ms(client, part)
    idle = [inspect_ms(client, part) for _ in range(IDLE_INSPECTIONS)]
    busy, took_s = while_registering(client, part)
    say(f"backbone {client.get('/health/ready').json()['backbone']['name']}, 448 px, one client")
    say(f"{REFERENCES} references with 8 rotations registered in {took_s:.1f} s, {len(busy)} inspections meanwhile")
    for name, values in (("idle", idle), ("while registering", busy)):
        say(f"{name:18} p50 {np.percentile(values, 50):7.1f} ms   p95 {np.percentile(values, 95):7.1f} ms")
    say(f"p95 ratio {np.percentile(busy, 95) / np.percentile(idle, 95):.2f}")


def while_registering(client: httpx2.Client, part: bytes) -> tuple[list[float], float]:
    files = [("images", (f"{number}.png", reference(number), "image/png")) for number in range(1, REFERENCES + 1)]
    started = time.perf_counter()
    registration = threading.Thread(target=lambda: client.post("/products/other/references", files=files))
    registration.start()
    latencies = []
    while registration.is_alive():
        latencies.append(inspect_ms(client, part))
    return latencies, time.perf_counter() - started


def inspect_ms(client: httpx2.Client, part: bytes) -> float:
    started = time.perf_counter()
    client.post("/products/line/inspect", content=part).raise_for_status()
    return 1000 * (time.perf_counter() - started)


def reference(number: int) -> bytes:
    """A sample reference, made another photograph by its brightness."""
    pixels = cv2.imread(str(SAMPLE / "train" / "good" / "reference_01.jpg"))
    assert pixels is not None
    return cv2.imencode(".png", cv2.convertScaleAbs(pixels, alpha=1 + number / 200))[1].tobytes()


@contextmanager
def server(folder: Path, backbone: str, weights: str) -> Iterator[str]:
    environment = {**os.environ, "INSPECTOR_BACKBONE": backbone, "INSPECTOR_WEIGHTS_DIR": weights}
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--data-dir", str(folder / "store")]
    log = folder / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=environment, stdout=sink, stderr=sink)
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while not (told := re.search(r"running on (http://[\d.:]+)", log.read_text())):
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.1)
        yield told[1]
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    main()
