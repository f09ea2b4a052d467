"""Where does the time of an inspection go, stage by stage, and what does the whole request cost beside the network?

    python -m benchmarks.stages [--threads 1] [--before CHECKOUT] [--requests 40] [--rounds 3]

Embedded network, 448 px, one photograph of 1024 × 1024 px (JPEG), a bank of 8,192 rows (one reference, eight
rotations), heatmap as palette PNG. Processor time of the process, over all threads, which others on the machine disturb
little; medians. `otherwise`: the same by the way that was left. `floor`: what the stage cannot do without, by the
fastest call known for it. CHECKOUT is an older version of the project, whose server is measured in turns with this one.
"""

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from statistics import median

import cv2
import httpx2
import numpy as np
from threadpoolctl import threadpool_limits

from app.api.schemas.inspections import InspectionBody
from app.assembly import build_service, faster_backbone, load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank
from app.engine.bank.rows import unit_length
from app.engine.detector import patch_distances, patch_features, reference_segment
from app.engine.device.faiss_torch import torch
from app.engine.heatmap import heatmap
from app.engine.masking.foreground import foreground_mask
from app.engine.options import Preprocessing, Statistic
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.photometry import appearance
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Size
from app.engine.verdict.scoring import anomaly_map, image_score
from app.evaluate.environment import ROOT
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings, load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say
from benchmarks.served import SAMPLE, computed_ms, process

PACKAGES = ("openvino", "torch", "faiss-gpu", "numpy", "scipy", "opencv-python-headless", "pillow", "simplejpeg")
EDGE, PHOTOGRAPH_PX, JPEG_QUALITY, TIMES, CLIENTS = 448, 1024, 92, 25, 8
MAX_PIXELS = 10**8
LINE = "{:34}{:>9}{:>11}{:>9}   {}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    say(measured_with(PACKAGES))
    say(f"{arguments.threads} thread(s); load {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        settings = load_settings(
            data_dir=folder / "here", cache_dir=folder / "compiled", backbone="embedded", threads=arguments.threads
        )
        service = build_service(settings)
        try:
            service.references.add("line", [Upload(photograph("train/good/reference_01.jpg"), "reference.jpg")])
            network_ms = stages(service, embedded(settings))
        finally:
            service.close()
        codes = {"now": ROOT} | ({"before": arguments.before.resolve()} if arguments.before else {})
        over_http(folder, codes, arguments, network_ms)
    say(f"\nload {os.getloadavg()[0]:.1f} at the end")


@cache
def photograph(name: str) -> bytes:
    """A picture of the sample product at a camera's size."""
    picture = cv2.imread(str(SAMPLE / name))
    assert picture is not None
    enlarged = cv2.resize(picture, (PHOTOGRAPH_PX, PHOTOGRAPH_PX), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", enlarged, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def computing_ms(call: Callable[[], object]) -> float:
    """Median of the processor time of a call, over all threads of the process."""
    call()
    took = []
    for _ in range(TIMES):
        started = time.process_time()
        call()
        took.append(1000 * (time.process_time() - started))
    return median(took)


Taken = Callable[[], object] | float | None


def row(name: str, now: Callable[[], object], otherwise: Taken = None, floor: Taken = None, note: str = "") -> float:
    columns = [computing_ms(each) if callable(each) else each for each in (now, otherwise, floor)]
    say(LINE.format(name, *("" if each is None else f"{each:.2f}" for each in columns), note).rstrip())
    return columns[0] or 0.0


def embedded(settings: Settings) -> Backbone:
    """The network as the service runs it, once more."""
    return faster_backbone(settings, "cpu", load_backbone(load_registry().spec("embedded"), settings, "cpu"))


def stages(service: Service, backbone: Backbone) -> float:
    """The table of the stages; processor time of the network alone, ms."""
    data = photograph("test/dent/defect_dent_01.jpg")
    result = service.inspection.inspect("line", data, InspectionRequest())
    spec, made = backbone.spec, Preprocessing(EDGE, "on", fit="whole")
    image = decode_image(data, MAX_PIXELS).pixels
    prepared = preprocess(image, EDGE, spec, "whole")
    reference = decode_image(photograph("train/good/reference_01.jpg"), MAX_PIXELS).pixels
    part = reference_segment(reference, made, backbone)
    bank = MemoryBank([part], "cpu")
    features = patch_features(backbone, [prepared])[0]
    scored = np.ones(features.geometry.grid.patches, bool)
    distances = patch_distances(features, bank, scored).values
    small, full = Size(EDGE, EDGE), anomaly_map(distances, features.geometry, "robust")
    shown = anomaly_map(distances, features.geometry, "robust", small)
    levels = np.rint(np.clip(shown / spec.heat_scale, 0, 1) * 255).astype(np.uint8)
    rows, queries = torch.from_numpy(part.rows), torch.from_numpy(unit_length(features.values))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)

    with threadpool_limits(os.cpu_count(), user_api="blas"):
        spinning_ms = computing_ms(lambda: foreground_mask(features, spec, "robust"))
    say(f"\nheatmap of {len(result.heatmap.png) if result.heatmap else 0} bytes, photograph of {len(data)} bytes")
    say(LINE.format("stage, ms of computing", "now", "otherwise", "floor", ""))
    row("decode", lambda: decode_image(data, MAX_PIXELS), None,
        lambda: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR),
        "floor: OpenCV, which takes what is damaged")  # fmt: skip
    row("preprocess", lambda: preprocess(image, EDGE, spec, "whole"), lambda: preprocess(image, EDGE, spec, "crop"),
        lambda: np.copy(image), "otherwise: Pillow's resize; floor: a copy of the pixels")  # fmt: skip
    network_ms = row("backbone", lambda: patch_features(backbone, [prepared]))
    row("appearance (beside the backbone)", lambda: appearance(image), None, lambda: cv2.meanStdDev(grey),
        "floor: mean and deviation of the grey image")  # fmt: skip
    row("SHA-256 (beside the backbone)", lambda: hashlib.sha256(data).hexdigest())
    row("mask, where the product has one", lambda: foreground_mask(features, spec, "robust"), spinning_ms, None,
        "otherwise: OpenBLAS with a thread for each core")  # fmt: skip
    row("search", lambda: patch_distances(features, bank, scored), None, lambda: queries @ rows.T,
        "floor: the matrix product in torch, which FAISS's own undercuts")  # fmt: skip
    row("score", lambda: image_score(distances, scored, Statistic()))
    row("anomaly map", lambda: anomaly_map(distances, features.geometry, "robust", small),
        lambda: anomaly_map(distances, features.geometry, "robust"), None,
        "otherwise: at the photograph's size")  # fmt: skip
    row("heatmap", lambda: heatmap(shown, image, spec.heat_scale, smaller_edge=EDGE),
        lambda: heatmap(full, image, spec.heat_scale, smaller_edge=EDGE),
        lambda: cv2.imencode(".png", levels), "floor: the PNG of the levels")  # fmt: skip
    row("JSON", lambda: InspectionBody.of(result, "/products/line").model_dump_json())
    whole = row("whole inspection, without HTTP", lambda: service.inspection.inspect("line", data, InspectionRequest()))
    say(f"whole inspection without HTTP / network alone: {whole / network_ms:.2f}")
    return network_ms


def over_http(folder: Path, codes: Mapping[str, Path], arguments: argparse.Namespace, network_ms: float) -> None:
    """Servers of each version, asked in turns."""
    settings = {"BACKBONE": "embedded", "THREADS": str(arguments.threads), "CACHE_DIR": str(folder / "compiled")}
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in codes}
    with ExitStack() as stack:
        clients = {}
        for name, code in codes.items():
            (folder / name).mkdir()
            address, pid = stack.enter_context(process(folder / name, settings, code))
            client = stack.enter_context(httpx2.Client(base_url=address, timeout=300, trust_env=False))
            client.post("/products/line/references", content=photograph("train/good/reference_01.jpg"))
            clients[name] = client, pid
            inspected(client)
        for _ in range(arguments.rounds):
            for name, (client, pid) in clients.items():
                found[name].append(asked(client, pid, arguments.requests))
    say(f"\nover HTTP, heatmap in the answer; {arguments.rounds} rounds of {arguments.requests} requests, in turns")
    say(f"{'':8}{'ms of computing':>16}{'/ network':>11}{'1 client, 1/s':>15}{CLIENTS:>8} of them{'timed':>8}")
    for name, rounds in found.items():
        computed, alone, together, timed = (median(each) for each in zip(*rounds, strict=True))
        say(f"{name:8}{computed:16.1f}{computed / network_ms:11.2f}{alone:15.1f}{together:16.1f}{timed:8.1%}")
    say("timed: share of the client's time, from sending to the whole answer, that `timings_ms` accounts for")


def asked(client: httpx2.Client, pid: int, requests: int) -> tuple[float, float, float, float]:
    """Processor time of a request, ms; requests per second of one client and of several; share that is timed."""
    before, started = computed_ms(pid), time.perf_counter()
    shares = [inspected(client) for _ in range(requests)]
    alone = requests / (time.perf_counter() - started)
    computed = (computed_ms(pid) - before) / requests
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(inspected, [client] * requests))
    return computed, alone, requests / (time.perf_counter() - started), median(shares)


def inspected(client: httpx2.Client) -> float:
    """Have the photograph inspected; which share of the time the answer accounts for."""
    data = photograph("test/dent/defect_dent_01.jpg")
    started = time.perf_counter()
    answer = client.post("/products/line/inspect", content=data).raise_for_status()
    return float(sum(answer.json()["timings_ms"].values()) / (1000 * (time.perf_counter() - started)))


if __name__ == "__main__":
    main()
