"""What is gained by several images in one pass, and how far does that move their scores?

    python -m benchmarks.batching [NAME …] [--weights FOLDER] [--device cpu] [--precision auto] [--threads 1]
                                  [--edge 448] [--compositions 2000]

Times: ms per image of passes of 1, 2, 4 and 8 images, in turns; on a CPU the median of what the process's threads
computed, which others on the machine disturb little, and the shortest by the clock; by torch and by OpenVINO, whose
networks are compiled for the batch here (those that serve take one image). On a GPU by torch alone, by the clock.

Scores: the photographs of the demo at 224 px, in a bank of its four references, upright; each alone, and in batches of
2 to 8 drawn at random (the same one twice, too), in one pass by torch.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import cast

import numpy as np
import openvino
from numpy.typing import NDArray

from app.assembly import limit_threads, load_backbone, resolve_precision
from app.engine.backbone.backbone import Backbone
from app.engine.backbone.openvino_backbone import OpenVinoBackbone, TorchBackbone, converted
from app.engine.bank.bank import MemoryBank, segment
from app.engine.detector import patch_distances, patch_features
from app.engine.device.faiss_torch import torch
from app.engine.options import Statistic
from app.engine.photograph.preprocess import preprocess
from app.engine.types import ModelInput, PatchFeatures
from app.engine.verdict.scoring import image_score
from app.evaluate.dataset import read_image
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

SAMPLE = Path(__file__).parents[1] / "app" / "demo" / "sample"
SIZES, ROUNDS, SCORED_PX, LARGEST, SEED = (1, 2, 4, 8), 15, 224, 8, 0
PACKAGES = ("torch", "openvino", "faiss-gpu", "timm", "numpy")
Pixels = NDArray[np.float32]


class OnePass:
    """A backbone that runs all of its images in one pass on a CPU, too."""

    def __init__(self, by_torch: TorchBackbone, device: str) -> None:
        self.spec, self.engine, self.precision = by_torch.spec, by_torch.engine, by_torch.precision
        self.pause, self.batches = by_torch.pause, True
        self._by_torch, self._device = by_torch, device

    def extract(self, inputs: Pixels) -> Pixels:
        """As `Backbone.extract`."""
        with torch.inference_mode():
            return self._by_torch.features(torch.from_numpy(inputs).to(self._device)).cpu().numpy()


class Network(torch.nn.Module):
    """A backbone as a module, which is what can be exported."""

    def __init__(self, by_torch: TorchBackbone) -> None:
        super().__init__()
        self._by_torch = by_torch

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self._by_torch.features(images)


def compiled(by_torch: TorchBackbone, images: Pixels) -> Callable[[Pixels], object]:
    """OpenVINO's network for a batch of that shape, compiled as those that serve are."""
    example = torch.from_numpy(images)
    with torch.inference_mode():
        by_torch.features(example)  # what depends on the size alone is computed here, not in the network
    model = converted(Network(by_torch), example)
    options = OpenVinoBackbone(by_torch, {}).options
    return cast(Callable[[Pixels], object], openvino.Core().compile_model(model, "CPU", options))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["embedded"])
    parser.add_argument("--weights", type=Path, default=Path("models/weights"), help="folder of the weight files")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--edge", type=int, default=448)
    parser.add_argument("--compositions", type=int, default=2000)
    given = parser.parse_args()
    limit_threads(given.threads)
    settings = load_settings(weights_dir=given.weights, precision=given.precision)
    say(measured_with(PACKAGES))
    say(f"on {given.device}, {resolve_precision(settings, given.device)}, {given.threads} thread(s)")
    for name in given.names:
        by_torch = cast(TorchBackbone, load_backbone(load_registry().spec(name), settings, given.device))
        say(f"\n{name}, {given.edge} px, ms per image in passes of {', '.join(map(str, SIZES))}, {ROUNDS} in turns")
        _times(by_torch, given.device, given.edge)
        _differences(OnePass(by_torch, given.device), given.compositions)


def _times(by_torch: TorchBackbone, device: str, edge: int) -> None:
    side = edge // by_torch.spec.patch_size * by_torch.spec.patch_size
    images = np.random.default_rng(SEED).random((max(SIZES), 3, side, side), np.float32)
    ways: dict[tuple[str, int], Callable[[Pixels], object]] = {
        ("torch", size): OnePass(by_torch, device).extract for size in SIZES
    }
    if device == "cpu":
        ways |= {("openvino", size): compiled(by_torch, images[:size]) for size in SIZES}
    computed: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
    passed: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for (engine, size), extract in ways.items():
            started, computing = time.perf_counter(), time.process_time()
            extract(images[:size])
            computed[engine, size].append(1000 * (time.process_time() - computing) / size)
            passed[engine, size].append(1000 * (time.perf_counter() - started) / size)
    for engine in dict.fromkeys(engine for engine, _ in ways):
        medians = ", ".join(f"{median(computed[engine, size]):.1f}" for size in SIZES)
        shortest = ", ".join(f"{min(passed[engine, size]):.1f}" for size in SIZES)
        say(f"  {engine}: {medians} of computing; by the clock, shortest: {shortest}")


def _differences(backbone: Backbone, compositions: int) -> None:
    """Says by how much batches drawn at random move the scores of their images."""
    bank = MemoryBank([segment([_features(backbone, each)], (0.0,)) for each in _inputs(backbone, "train")], "cpu")
    images, drawn = _inputs(backbone, "test"), np.random.default_rng(SEED)
    alone = np.array([_score(_features(backbone, each), bank) for each in images])
    largest, total, count = 0.0, 0.0, 0
    for _ in range(compositions):
        chosen = drawn.integers(len(images), size=drawn.integers(2, LARGEST, endpoint=True))
        together = [_score(each, bank) for each in patch_features(backbone, [images[at] for at in chosen])]
        apart = np.abs(np.array(together) / alone[chosen] - 1)
        largest, total, count = max(largest, float(apart.max())), total + float(apart.sum()), count + len(chosen)
    say(
        f"  {compositions} batches of 2 to {LARGEST} of {len(images)} photographs, {SCORED_PX} px: a score "
        f"differs from the image's alone by up to {100 * largest:.2g} % of it, {100 * total / count:.2g} % on average"
    )


def _inputs(backbone: Backbone, split: str) -> Sequence[ModelInput]:
    paths = sorted((SAMPLE / split).glob("*/*.jpg"))
    return [preprocess(read_image(path), SCORED_PX, backbone.spec, "whole") for path in paths]


def _features(backbone: Backbone, model_input: ModelInput) -> PatchFeatures:
    return patch_features(backbone, [model_input])[0]


def _score(described: PatchFeatures, bank: MemoryBank) -> float:
    everything = np.ones(described.geometry.grid.patches, bool)
    return image_score(patch_distances(described, bank, everything).values, everything, Statistic())


if __name__ == "__main__":
    main()
