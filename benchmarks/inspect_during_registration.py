"""How long does an inspection take while 16 references with rotations are being registered, beside an idle service?

    python -m benchmarks.inspect_during_registration [--backbone NAME] [--weights DIR]

Starts a server of its own on this machine. Both figures come from the same server in the same run; what counts is the
ratio of the 95th percentiles.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import httpx2
import numpy as np

from benchmarks.machine import measured_with, say
from benchmarks.served import inspect_ms, part, reference, server

REFERENCES = 16
IDLE_INSPECTIONS = 60


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--backbone", default="embedded")
    options.add_argument("--weights", default="models/weights")
    chosen = options.parse_args()
    say(measured_with(["torch", "faiss-gpu", "numpy", "opencv-python-headless", "uvicorn"]))
    with (
        tempfile.TemporaryDirectory() as folder,
        server(Path(folder), {"BACKBONE": chosen.backbone, "WEIGHTS_DIR": chosen.weights}) as address,
        httpx2.Client(base_url=address, timeout=600, trust_env=False) as client,
    ):
        report(client)


def report(client: httpx2.Client) -> None:
    image = part()
    client.post("/products/line/references", content=reference(0)).raise_for_status()
    for _ in range(5):
        inspect_ms(client, "line", image)
    idle = [inspect_ms(client, "line", image) for _ in range(IDLE_INSPECTIONS)]
    busy, took_s = while_registering(client, image)
    say(f"backbone {client.get('/health/ready').json()['backbone']['name']}, 448 px, one client")
    say(f"{REFERENCES} references with 8 rotations registered in {took_s:.1f} s, {len(busy)} inspections meanwhile")
    for name, values in (("idle", idle), ("while registering", busy)):
        say(f"{name:18} p50 {np.percentile(values, 50):7.1f} ms   p95 {np.percentile(values, 95):7.1f} ms")
    say(f"p95 ratio {np.percentile(busy, 95) / np.percentile(idle, 95):.2f}")


def while_registering(client: httpx2.Client, image: bytes) -> tuple[list[float], float]:
    files = [("images", (f"{number}.png", reference(number), "image/png")) for number in range(1, REFERENCES + 1)]
    started = time.perf_counter()
    registration = threading.Thread(target=lambda: client.post("/products/other/references", files=files))
    registration.start()
    latencies = []
    while registration.is_alive():
        latencies.append(inspect_ms(client, "line", image))
    return latencies, time.perf_counter() - started


if __name__ == "__main__":
    main()
