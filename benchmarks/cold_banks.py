"""How long does an inspection of a product in memory take while the banks of 50 others are being loaded?

    python -m benchmarks.cold_banks [--backbone NAME] [--weights DIR]

Starts a server of its own on this machine whose bank cache holds few of the banks, so that each round of
`POST /products/{id}/load` for the 50 loads them anew. Both figures come from the same server in the same run; idle and
loading rounds alternate, and what counts is the ratio of the 99th percentiles.
"""

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx2
import numpy as np

from app.storage.active_bank import active_bank
from app.storage.disk import DiskBlobs, DiskCatalog
from app.storage.documents import BankPointer
from benchmarks.machine import measured_with, say
from benchmarks.served import inspect_ms, part, reference, server

COLD_PRODUCTS = 50
REFERENCES = 3
ROUNDS = 12
IDLE_INSPECTIONS_A_ROUND = 25
CACHE_BYTES = 100 * 2**20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--backbone", default="embedded")
    options.add_argument("--weights", default="models/weights")
    chosen = options.parse_args()
    say(measured_with(["torch", "faiss-gpu", "numpy", "opencv-python-headless", "uvicorn"]))
    settings = {
        "BACKBONE": chosen.backbone,
        "WEIGHTS_DIR": chosen.weights,
        "BANK_CACHE_BYTES": str(CACHE_BYTES),
        "MAX_QUEUE": "64",
    }
    with tempfile.TemporaryDirectory() as folder:
        with server(Path(folder), settings) as address, httpx2.Client(base_url=address, timeout=600) as client:
            files = [("images", (f"{number}.png", reference(number), "image/png")) for number in range(REFERENCES)]
            client.post("/products/line/references", files=files).raise_for_status()
            client.patch("/products/line", json={"settings": {"pinned": True}}).raise_for_status()
        cold = copies(Path(folder) / "store", "line")
        with server(Path(folder), settings) as address, httpx2.Client(base_url=address, timeout=600) as client:
            report(client, cold)


def copies(store: Path, product_id: str) -> list[str]:
    """Products like this one, banks and all, under other names and unpinned."""
    catalog, blobs = DiskCatalog(store), DiskBlobs(store)
    product, (_, bank) = catalog.product(product_id), active_bank(catalog, product_id)
    assert bank is not None
    segments = [blobs.get(product_id, "segments", entry.segment) for entry in bank.references]
    names = [f"cold-{number}" for number in range(COLD_PRODUCTS)]
    for name in names:
        catalog.create(replace(product, product_id=name, settings=replace(product.settings, pinned=False), revision=1))
        for data in segments:
            blobs.put(name, "segments", data)
        catalog.publish(name, replace(bank, version=1), BankPointer())
    return names


def report(client: httpx2.Client, cold: Sequence[str]) -> None:
    image = part()
    idle: list[float] = []
    loading: list[float] = []
    for _ in range(5):
        inspect_ms(client, "line", image)
    before = client.get("/health/ready").json()["banks"]
    with ThreadPoolExecutor(len(cold)) as pool:
        for _ in range(ROUNDS):
            idle += [inspect_ms(client, "line", image) for _ in range(IDLE_INSPECTIONS_A_ROUND)]
            loads = [pool.submit(load, client, name) for name in cold]
            loading += while_loading(client, image, loads)
    after = client.get("/health/ready").json()["banks"]
    say(f"backbone {client.get('/health/ready').json()['backbone']['name']}, 448 px, one client that inspects")
    say(
        f"{after['loads'] - before['loads']} loads of banks with {REFERENCES} references at 8 rotations in {ROUNDS} "
        f"rounds of {COLD_PRODUCTS} requests at once; cache {CACHE_BYTES / 2**20:.0f} MiB"
    )
    for name, values in (("idle", idle), ("while loading", loading)):
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        say(f"{name:14} {len(values):5} inspections   p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   p99 {p99:6.1f} ms")
    say(f"p99 ratio {np.percentile(loading, 99) / np.percentile(idle, 99):.2f}")


def load(client: httpx2.Client, product_id: str) -> None:
    client.post(f"/products/{product_id}/load").raise_for_status()


def while_loading(client: httpx2.Client, image: bytes, loads: Sequence[Future[None]]) -> list[float]:
    latencies = []
    while not all(each.done() for each in loads):
        latencies.append(inspect_ms(client, "line", image))
    for each in loads:
        each.result()
    return latencies


if __name__ == "__main__":
    main()
