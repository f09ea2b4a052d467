"""PatchCore against anomalib's PatchCore: image AUROC on the same inputs, weights, layers and coreset share.

    MALLOC_MMAP_THRESHOLD_=65536 python -m benchmarks.anomalib_patchcore DATA_ROOT --weights FOLDER [--objects …]

anomalib is installed beside the project, which does not need it. DATA_ROOT is laid out as MVTec-AD. All of train/good
are references, upright, no mask; smaller edge 256, layers 2 and 3 of a ResNet-18, a tenth of the rows. anomalib's model
gets our preprocessed images, one at a time, since sizes differ; its greedy search starts at random, so it runs with
three seeds. Ours: `inspector evaluate --method patchcore`, profiles `paper` (maximum) and `robust` (re-weighted, as
anomalib does it). Without the setting anomalib's selection fragments the memory: 24 GB were not enough for 20 images.
"""

import argparse
import csv
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score

from app.engine.device.faiss_torch import torch
from app.engine.photograph.preprocess import preprocess
from app.evaluate.dataset import ObjectData, load_object, read_image
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

BACKBONE, LAYERS, EDGE_PX, SHARE, SEEDS = "resnet18_layer1-3", ("layer2", "layer3"), 256, 0.1, (0, 1, 2)
PACKAGES = ("anomalib", "torch", "timm", "torchvision", "faiss-gpu", "numpy", "scikit-learn")


def main() -> None:
    arguments = _arguments()
    say(measured_with(PACKAGES))
    say(f"{BACKBONE}, {' and '.join(LAYERS)}, smaller edge {EDGE_PX}, all references, upright, {SHARE:.0%} of the rows")
    say(f"{'image AUROC':<16}{'anomalib, seeds ' + ' '.join(map(str, SEEDS)):<40}{'ours, paper':<14}ours, robust")
    ours = {profile: _ours(arguments, profile) for profile in ("paper", "robust")}
    for name in arguments.objects:
        data = load_object(arguments.data, name, needs_references=True)
        peers = [_auroc(data, seed, arguments.weights) for seed in SEEDS]
        told = " ".join(f"{100 * each:.2f}" for each in peers) + f" (mean {100 * np.mean(peers):.2f})"
        say(f"{name:<16}{told:<40}{100 * ours['paper'][name]:<14.2f}{100 * ours['robust'][name]:.2f}")


def _ours(arguments: argparse.Namespace, profile: str) -> dict[str, float]:
    choices = ["--method", "patchcore", "--backbone", BACKBONE, "--coreset", str(SHARE), "--smaller-edge", str(EDGE_PX)]
    choices += ["--profile", profile, "--shots", "full", "--rotation", "off", "--masking", "off"]
    with TemporaryDirectory() as out:
        command = [sys.executable, "-m", "app.cli", "evaluate", "--data-root", str(arguments.data), "--out", out]
        environment = os.environ | {"INSPECTOR_WEIGHTS_DIR": str(arguments.weights)}
        subprocess.run([*command, "--objects", *arguments.objects, *choices], env=environment, check=True)
        with (Path(out) / "summary.csv").open() as file:
            return {row["object"]: float(row["image_auroc"]) for row in csv.DictReader(file)}


def _auroc(data: ObjectData, seed: int, weights: Path) -> float:
    model = _anomalib(weights)
    torch.manual_seed(seed)
    model.train()
    with torch.no_grad():
        for image in _inputs(data.train):
            model(image)
    model.subsample_embedding(SHARE)
    model.eval()
    with torch.no_grad():
        scores = [float(model(image).pred_score) for image in _inputs([each.path for each in data.test])]
    return float(roc_auc_score([each.is_defect for each in data.test], scores))


def _anomalib(weights: Path) -> Any:
    from anomalib.models.image.patchcore.torch_model import PatchcoreModel

    model = PatchcoreModel(layers=LAYERS, backbone="resnet18", pre_trained=False)
    spec = load_registry().spec(BACKBONE)
    network = model.feature_extractor.feature_extractor
    missing, _ = network.load_state_dict(load_file(weights / spec.file), strict=False)
    used = [name for name in missing if not name.startswith(("layer4", "fc"))]
    assert not [name for name in used if not name.endswith("num_batches_tracked")], used
    return model


def _inputs(paths: Sequence[Path]) -> Iterator[torch.Tensor]:
    spec = load_registry().spec(BACKBONE)
    for path in paths:
        tensor: NDArray[np.float32] = preprocess(read_image(path), EDGE_PX, spec, "whole").tensor
        yield torch.from_numpy(tensor)[None]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "transistor", "magnetic_tile"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
