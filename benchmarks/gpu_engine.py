"""How many images a second does a GPU inspect, and how soon one alone?

    python -m benchmarks.gpu_engine [--device cuda] [--precision bfloat16] [--batch 32] [--seconds 10]

DINOv2 ViT-S/14 with random weights (speed does not depend on them), 448 px, eight products of 16,384 rows each, images
that are decoded and resized already: pixels up, network over a batch of images of all products, each image's search in
its own product's bank, distances back. A profile of one batch follows: what is copied from the device, and how much of
it is as large as patch features (none should be). On `cpu` the same code runs, only to see that it does.
"""

import argparse
import statistics
import time
from collections.abc import Sequence

import numpy as np

from app.engine.backbone.vit import ViTBackbone
from app.engine.bank.bank import MemoryBank, Segment
from app.engine.bank.rows import unit_length
from app.engine.detector import patch_distances, placed_features
from app.engine.device.faiss_torch import torch
from app.engine.options import Statistic
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Grid, ModelInput
from app.engine.verdict.scoring import image_score
from benchmarks.machine import measured_with, say
from tests.engine.synthetic_weights import VITS14, synthetic_vits14

EDGE_PX, PRODUCTS, ROWS, ALONE = 448, 8, 16_384, 50
PACKAGES = ("torch", "faiss-gpu", "timm", "numpy")


class Line:
    """One backbone and the banks of eight products on a device."""

    def __init__(self, device: str, precision: str, rows: int) -> None:
        self.backbone = ViTBackbone(VITS14, synthetic_vits14(), device, precision)
        self.banks = [_bank(seed, rows, device) for seed in range(PRODUCTS)]
        self.mask = np.ones((EDGE_PX // VITS14.patch_size) ** 2, bool)

    def scores(self, inputs: Sequence[ModelInput]) -> list[float]:
        """Of a batch: image n is one of product n modulo 8."""
        found = []
        for number, features in enumerate(placed_features(self.backbone, inputs)):
            distances = patch_distances(features, self.banks[number % PRODUCTS], self.mask)
            found.append(image_score(distances.values, self.mask, Statistic()))
        return found


def main() -> None:
    arguments = _arguments()
    say(measured_with(PACKAGES))
    line = Line(arguments.device, arguments.precision, arguments.rows)
    say(f"{arguments.device}, {arguments.precision}, search by {line.banks[0].engine}, {arguments.rows} rows a product")
    inputs = _inputs(arguments.batch)
    line.scores(inputs)
    alone = [_ms(line, inputs[:1]) for _ in range(arguments.alone)]
    say(f"one image alone: median {statistics.median(alone):.2f} ms, largest {max(alone):.2f} (5 ms is the aim)")
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < arguments.seconds:
        count += len(line.scores(inputs))
    say(f"batches of {arguments.batch}: {count / (time.perf_counter() - started):.1f} images/s (3,000 is the aim)")
    _profile(line, inputs)


def _bank(seed: int, rows: int, device: str) -> MemoryBank:
    drawn = unit_length(np.random.default_rng(seed).standard_normal((rows, VITS14.width), dtype=np.float32))
    side = EDGE_PX // VITS14.patch_size
    part = Segment(drawn, np.ones(side * side, bool), (0.0,), Grid(side, side))
    return MemoryBank([part], device)


def _inputs(count: int) -> list[ModelInput]:
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (EDGE_PX, EDGE_PX, 3), np.uint8) for _ in range(count)]
    return [preprocess(image, EDGE_PX, VITS14, "whole") for image in images]


def _ms(line: Line, inputs: Sequence[ModelInput]) -> float:
    started = time.perf_counter()
    line.scores(inputs)
    return 1000 * (time.perf_counter() - started)


def _profile(line: Line, inputs: Sequence[ModelInput]) -> None:
    """Copies from the device to host memory in one batch."""
    kinds = [torch.profiler.ProfilerActivity.CPU]
    if torch.cuda.is_available():
        kinds.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=kinds, record_shapes=True) as profile:
        line.scores(inputs)
    copies = [each for each in profile.events() if each.name == "aten::_to_copy" and each.input_shapes]
    sizes = sorted({tuple(each.input_shapes[0]) for each in copies}, key=lambda shape: -int(np.prod(shape)))
    patches = len(line.mask)
    large = [shape for shape in sizes if int(np.prod(shape)) >= patches * VITS14.width and shape[-1] == VITS14.width]
    say(
        f"copied in one batch: {len(copies)} tensors, shapes {sizes[:6]}; as large as patch features: {large or 'none'}"
    )
    say(profile.key_averages().table(sort_by="self_cuda_time_total", row_limit=12) if len(kinds) > 1 else "")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", default="bfloat16", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--rows", type=int, default=ROWS, help="of a product's bank")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--alone", type=int, default=ALONE, help="images one at a time")
    parser.add_argument("--seconds", type=float, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    main()
