"""What does the size of a photograph change? Verdicts on photographs that are scaled, beside references that are not.

    python -m benchmarks.other_size DATA_ROOT --weights FOLDER [--objects …] [--backbones …]

DATA_ROOT is laid out as MVTec-AD. The first eight of train/good are the references, upright; 448 px, no mask, largest
leave-one-out score as the threshold. Printed per scale: image AUROC, shares of good ones above the threshold and of
defective ones found, of defective ones that pass as `ok`, and of all that are undecided for their median distance.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from app.assembly import limit_threads, load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank
from app.engine.bank.rows import unit_length
from app.engine.detector import patch_features, reference_segment
from app.engine.options import Preprocessing, Statistic
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image
from app.engine.verdict.left_out_scores import UNLIKE_RATIO
from app.engine.verdict.scoring import image_score
from app.evaluate.dataset import ObjectData, load_object, read_image
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

EDGE = 448
SCALES = (2, 1.5, 1, 0.75, 0.67, 0.5, 0.35, 0.25, 0.125)
PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "pillow", "timm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--objects", nargs="+", default=["hazelnut", "transistor"])
    parser.add_argument("--backbones", nargs="+", default=["embedded", "vit_tiny_patch16_224"])
    arguments = parser.parse_args()
    limit_threads(0)
    say(measured_with(PACKAGES))
    settings = load_settings(weights_dir=arguments.weights, device="cpu", precision="float32")
    for name in arguments.backbones:
        backbone = load_backbone(load_registry().spec(name), settings, "cpu")
        for each in arguments.objects:
            _report(load_object(arguments.data, each, needs_references=True), backbone)


def _report(data: ObjectData, backbone: Backbone) -> None:
    made = Preprocessing(EDGE, "off", fit="whole")
    parts = [reference_segment(read_image(path), made, backbone) for path in data.train[:8]]
    single, bank = [MemoryBank([part], "cpu") for part in parts], MemoryBank(parts, "cpu")
    left_out = [
        np.min([other.nearest(part.upright)[0] for at, other in enumerate(single) if at != place], axis=0)
        for place, part in enumerate(parts)
    ]
    threshold, usual = max(map(_score, left_out)), max(float(np.median(each)) for each in left_out)
    bad = np.array([image.is_defect for image in data.test])
    for scale in SCALES:
        found = []
        for image in data.test:
            [features] = patch_features(
                backbone, [preprocess(_scaled(read_image(image.path), scale), EDGE, backbone.spec, "whole")]
            )
            found.append(bank.nearest(unit_length(features.values))[0])
        scores = np.array([_score(each) for each in found])
        unlike = np.array([np.median(each) > UNLIKE_RATIO * usual for each in found])
        above = scores > threshold
        say(
            f"{backbone.spec.name} {data.name} {scale} auroc {roc_auc_score(bad, scores):.3f} "
            f"false alarms {above[~bad].mean():.2f} found {above[bad].mean():.2f} "
            f"silent ok bad {(~above & ~unlike)[bad].mean():.2f} undecided {unlike.mean():.2f}"
        )


def _scaled(image: Image, scale: float) -> Image:
    height, width = (max(16, round(length * scale)) for length in image.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def _score(distances: NDArray[np.float32]) -> float:
    return image_score(distances, np.ones(len(distances), bool), Statistic())


if __name__ == "__main__":
    main()
