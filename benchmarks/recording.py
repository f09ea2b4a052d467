"""What do records, pictures, and counting for Prometheus cost an inspection?

    python -m benchmarks.recording [--requests 60] [--rounds 3] [--seconds 15]

Three servers on this machine, one that keeps records (SQLite) and all pictures, one that keeps records, and one that
keeps nothing, asked in turns: one caller, medians and the stages `record` and `pictures`; then four callers that never
pause. A product with one reference in eight rotations, photographs of 1024 × 1024 px, no heatmap. Then the bytes of the
database and of the pictures for each inspection, and by itself, on one thread, what it takes to count an inspection for
Prometheus and to write a scrape.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import httpx2
import numpy as np

from app.api.metrics.metrics import Metrics
from app.assembly import build_service
from app.service.inspection.request import InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.uploads.checked_upload import Upload
from app.settings import load_settings
from benchmarks.machine import measured_with, say
from benchmarks.served import server
from benchmarks.stages import photograph

PACKAGES = ("sqlalchemy", "prometheus-client", "openvino", "torch")
REFERENCE, PART = "train/good/reference_01.jpg", "test/dent/defect_dent_01.jpg"
CALLERS, COUNTED, SCRAPES, PRODUCTS = 4, 2000, 50, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=60, help="of one caller, of each server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15, help="of four callers, of each server and round")
    chosen = parser.parse_args()
    say(measured_with(PACKAGES))
    with tempfile.TemporaryDirectory() as kept, ExitStack() as stack:
        clients = {name: _served(stack, Path(kept) / name, name) for name in ("pictures", "records", "nothing")}
        _one_caller(clients, chosen.requests)
        _four_callers(clients, chosen.rounds, chosen.seconds)
        count, store = _count(clients["pictures"]), Path(kept) / "pictures" / "store"
        for kind, files in (("records", "records/records.db*"), ("maps", "pictures/**/*.map.png")):
            size = sum(path.stat().st_size for path in store.glob(files))
            say(f"{count} {kind} take {size / count:.0f} bytes each")
        say(f"a photograph has {len(photograph(PART))}")
    with tempfile.TemporaryDirectory() as kept:
        _counting(_result(Path(kept)))


def _served(stack: ExitStack, folder: Path, keeps: str) -> httpx2.Client:
    folder.mkdir()
    records = "off" if keeps == "nothing" else "on"
    address = stack.enter_context(server(folder, {"BACKBONE": "embedded", "RECORDS": records}))
    client = stack.enter_context(httpx2.Client(base_url=address, timeout=120))
    client.post("/products/line/references", content=photograph(REFERENCE)).raise_for_status()
    policy = {"keep_pictures": "all" if keeps == "pictures" else "none"}
    client.patch("/products/line", json={"settings": policy}).raise_for_status()
    _inspect(client, photograph(PART))
    return client


def _inspect(client: httpx2.Client, part: bytes) -> dict[str, float]:
    answer = client.post("/products/line/inspect?heatmap=none&part_id=SN-1", content=part).raise_for_status()
    timings: dict[str, float] = answer.json()["timings_ms"]
    return timings


def _ms(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def _one_caller(clients: dict[str, httpx2.Client], requests: int) -> None:
    part, took = photograph(PART), {name: list[float]() for name in clients}
    stages = {"pictures": list[float](), "record": list[float]()}
    for _ in range(requests):
        for name, client in clients.items():
            started = time.perf_counter()
            timings = _inspect(client, part)
            took[name].append(1000 * (time.perf_counter() - started))
            if name == "pictures":
                for stage, alone in stages.items():
                    alone.append(timings[stage])
    told = ", ".join(f"{median(each):.1f} with {name}" for name, each in took.items())
    say(f"one caller, ms: {told}; " + ", ".join(f"{name} alone {median(each):.1f}" for name, each in stages.items()))


def _four_callers(clients: dict[str, httpx2.Client], rounds: int, seconds: float) -> None:
    part, rates = photograph(PART), {name: list[float]() for name in clients}
    for _ in range(rounds):
        for name, client in clients.items():
            rates[name].append(_rate(client, part, seconds))
    whole = median(rates["nothing"])
    told = ", ".join(f"{median(r):.1f} with {name} ({100 * median(r) / whole:.0f} %)" for name, r in rates.items())
    say(f"{CALLERS} callers, inspections/s: {told}")


def _rate(client: httpx2.Client, part: bytes, seconds: float) -> float:
    until = time.perf_counter() + seconds

    def go_on(_caller: int) -> int:
        done = 0
        while time.perf_counter() < until:
            _inspect(client, part)
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as pool:
        done = sum(pool.map(go_on, range(CALLERS)))
    return done / (time.perf_counter() - started)


def _count(client: httpx2.Client) -> int:
    lines = client.get("/inspections", headers={"Accept": "application/x-ndjson"}).raise_for_status().text
    return len(lines.splitlines())


def _result(folder: Path) -> InspectionResult:
    service = build_service(load_settings(data_dir=folder, backbone="embedded", engine="torch", records="off"))
    try:
        service.references.add("line", [Upload(photograph(REFERENCE), "reference.jpg")])
        return service.inspection.inspect("line", photograph(PART), InspectionRequest(heatmap=None))
    finally:
        service.close()


def _counting(result: InspectionResult) -> None:
    for products in (0, PRODUCTS):
        metrics = Metrics(products)
        took = [_ms(lambda counted=metrics: counted.inspected(result)) for _ in range(COUNTED)]  # type: ignore[misc]
        say(
            f"counting an inspection with {products} product labels: median {median(took):.3f} ms, "
            f"99 % {np.percentile(took, 99):.3f}"
        )
    say(f"a scrape: median {median(_ms(metrics.exposition) for _ in range(SCRAPES)):.1f} ms")


if __name__ == "__main__":
    main()
