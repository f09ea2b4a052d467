"""What does bfloat16 change on photographs? Image scores by OpenVINO in bfloat16 beside those of torch in float32.

    python -m benchmarks.precisions DATA_ROOT --weights FOLDER [--objects …] [--backbones …]

DATA_ROOT is laid out as MVTec-AD. Of each object the first four of train/good, upright, 448 px, no mask, mean_top1p; up
to 16 good and 16 defective test photographs. *Float32*: bank and photographs by OpenVINO in float32. *Mixed*: a bank of
float32, photographs in bfloat16. *Own*: both in bfloat16. Printed: the largest and the mean difference of an image
score to torch's, as a share of it, and the image AUROCs. Nothing is refused here (`app/engine/backbone/parity.py`).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from sklearn.metrics import roc_auc_score

from app.assembly import limit_threads, load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.backbone.openvino_backbone import OpenVinoBackbone, TorchBackbone
from app.engine.backbone.parity import parity
from app.engine.bank.bank import MemoryBank, segment
from app.engine.bank.rows import unit_length
from app.engine.detector import patch_features
from app.engine.options import Statistic
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image, PatchFeatures
from app.engine.verdict.scoring import image_score
from app.evaluate.dataset import load_object, read_image
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

EDGE_PX, REFERENCES, TRIED = 448, 4, 16
PACKAGES = ("torch", "openvino", "timm", "torchvision", "numpy")


def main() -> None:
    arguments = _arguments()
    limit_threads(0)
    say(measured_with(PACKAGES))
    settings = load_settings(weights_dir=arguments.weights, precision="float32")
    for name in arguments.backbones:
        by_torch = cast(TorchBackbone, load_backbone(load_registry().spec(name), settings, "cpu"))
        kept: dict[str, bytes] = {}
        runs: list[Backbone] = [
            by_torch,
            OpenVinoBackbone(by_torch, kept),
            OpenVinoBackbone(by_torch, kept, "bfloat16", checked=False),
        ]
        found = parity(by_torch, runs[2])
        say(f"\n{name}: probe images: score {100 * found.score_share:.3f} %, distance {found.distance:.4f}")
        for each in arguments.objects:
            _report(arguments.data, each, runs)


def _report(root: Path, name: str, runs: Sequence[Backbone]) -> None:
    data = load_object(root, name, needs_references=True)
    references = [read_image(path) for path in data.train[:REFERENCES]]
    banks = [MemoryBank([segment([_seen(run, image)], (0.0,)) for image in references], "cpu") for run in runs]
    good, bad = ([image.path for image in data.test if image.is_defect is wanted][:TRIED] for wanted in (False, True))
    scores = np.array([_scores(read_image(path), runs, banks) for path in (*good, *bad)])
    apart = 100 * np.abs(scores[:, 1:] / scores[:, :1] - 1)
    labels = [0] * len(good) + [1] * len(bad)
    told = [
        f"{how} {most:.4f} % (mean {mean:.4f})"
        for how, most, mean in zip(("float32", "mixed", "own"), apart.max(axis=0), apart.mean(axis=0), strict=True)
    ]
    aurocs = " ".join(f"{roc_auc_score(labels, each):.4f}" for each in scores.T)
    say(f"  {name:<14}{len(labels):>3} photographs: {', '.join(told)}; AUROC of torch and these {aurocs}")


def _scores(image: Image, runs: Sequence[Backbone], banks: Sequence[MemoryBank]) -> list[float]:
    by_torch, exact, rounded = (_seen(run, image) for run in runs)
    pairs = ((by_torch, banks[0]), (exact, banks[1]), (rounded, banks[1]), (rounded, banks[2]))
    return [_score(features, bank) for features, bank in pairs]


def _score(features: PatchFeatures, bank: MemoryBank) -> float:
    distances = bank.nearest(unit_length(features.values))[0]
    return image_score(distances, np.ones(len(distances), bool), Statistic())


def _seen(backbone: Backbone, image: Image) -> PatchFeatures:
    return patch_features(backbone, [preprocess(image, EDGE_PX, backbone.spec, "whole")])[0]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "transistor", "magnetic_tile"])
    parser.add_argument("--backbones", nargs="+", default=["embedded", "vit_tiny_patch16_224", "resnet18_layer1-3"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
