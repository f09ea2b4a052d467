"""How long does a backbone take, run by torch and by OpenVINO, in float32 and bfloat16?

    python -m benchmarks.backbone_time [NAME …] [--weights FOLDER] [--threads 1]

`synthetic` stands for DINOv2 ViT-S/14 with random weights: speed does not depend on them. One image of 448 px, passes
in turns; median of the time that the process's threads computed, which others on the machine disturb little. Printed
with the differences of the numbers (`app/engine/backbone/parity.py`).
"""

import argparse
import time
from pathlib import Path
from statistics import median
from typing import cast, get_args

import numpy as np

from app.assembly import limit_threads, load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.backbone.openvino_backbone import OpenVinoBackbone, Precision, TorchBackbone
from app.engine.backbone.parity import parity
from app.engine.backbone.vit import ViTBackbone
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say
from tests.engine.synthetic_weights import VITS14, synthetic_vits14

EDGE_PX, PASSES = 448, 15
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
        _measure(_loaded(name, arguments.weights))


def _loaded(name: str, weights: Path) -> TorchBackbone:
    if name == "synthetic":
        return ViTBackbone(VITS14, synthetic_vits14(), "cpu", "float32")
    settings = load_settings(weights_dir=weights, precision="float32")
    return cast(TorchBackbone, load_backbone(load_registry().spec(name), settings, "cpu"))


def _measure(by_torch: TorchBackbone) -> None:
    runs: dict[str, Backbone] = {"torch": by_torch}
    for precision in get_args(Precision):
        compiled = OpenVinoBackbone(by_torch, {}, precision, checked=False)
        if compiled.is_supported:
            runs[f"openvino {precision}"] = compiled
    side = EDGE_PX // by_torch.spec.patch_size * by_torch.spec.patch_size
    image = np.random.default_rng(0).random((1, 3, side, side), np.float32)
    times: dict[str, list[float]] = {how: [] for how in runs}
    for _ in range(PASSES):
        for how, backbone in runs.items():
            start = time.process_time()
            backbone.extract(image)
            times[how].append(1000 * (time.process_time() - start))
    for how, backbone in runs.items():
        found = parity(by_torch, backbone)
        say(
            f"{by_torch.spec.name}, {how}: {median(times[how]):.1f} ms; score differs by "
            f"{100 * found.score_share:.5f} %, a distance by {found.distance:.7f}{'' if found.holds else ': refused'}"
        )


if __name__ == "__main__":
    main()
