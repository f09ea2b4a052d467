"""How long does a backbone take, run by torch and by OpenVINO?

    python -m benchmarks.backbone_time [NAME …] [--weights FOLDER] [--threads 1]

One image of 448 px, passes in turns; median of the time that the process's threads computed, which others on the
machine disturb little. Printed with the differences of the numbers (`app/engine/backbone/parity.py`).
"""

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np

from app.assembly import limit_threads, load_backbone
from app.engine.backbone.faster import faster
from app.engine.backbone.parity import parity
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

EDGE_PX, PASSES = 448, 25
PACKAGES = ("torch", "openvino", "timm", "torchvision", "numpy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["embedded"])
    parser.add_argument("--weights", type=Path, default=Path("models/weights"), help="folder of the weight files")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    limit_threads(arguments.threads)
    say(measured_with(PACKAGES))
    say(f"one image of {EDGE_PX} px, {arguments.threads} thread(s), ms of computing, median of {PASSES} in turns")
    for name in arguments.names:
        settings = load_settings(weights_dir=arguments.weights)
        torch_run = load_backbone(load_registry().spec(name), settings, "cpu")
        openvino_run = faster(torch_run, {})
        found = parity(torch_run, openvino_run)
        side = EDGE_PX // torch_run.spec.patch_size * torch_run.spec.patch_size
        image = np.random.default_rng(0).random((1, 3, side, side), np.float32)
        times: dict[str, list[float]] = {torch_run.engine: [], openvino_run.engine: []}
        for _ in range(PASSES):
            for backbone in (torch_run, openvino_run):
                start = time.process_time()
                backbone.extract(image)
                times[backbone.engine].append(1000 * (time.process_time() - start))
        told = ", ".join(f"{engine} {median(each):.1f}" for engine, each in times.items())
        say(f"{name}: {told}; score differs by {100 * found.score_share:.5f} %, a distance by {found.distance:.7f}")


if __name__ == "__main__":
    main()
