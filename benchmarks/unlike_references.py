"""Does "unlike the references" mean that? Good parts, defects, other products, a shifted part, a lens cap.

    python -m benchmarks.unlike_references DATA_ROOT --weights FOLDER [--objects …] [--backbones …]

DATA_ROOT is laid out as MVTec-AD. Of each object, two banks of 4 references (the first eight of train/good); the ratio
is the image's median patch distance over the largest one of the left-out references, which the service compares with
`UNLIKE_RATIO`. Other products: 5 good photographs of each other object. Shifted: half the width out of view, the edge
drawn out. Lens cap: black with noise, and evenly 0, 30 and 255. 448 px, eight rotations, no mask. Printed: smallest,
median and largest ratio, and the share that the service leaves undecided, by this or because the image's contrast is
less than `FEATURELESS_SHARE` of the least one of the bank's references.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.assembly import limit_threads, load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank
from app.engine.bank.rows import unit_length
from app.engine.detector import patch_features, reference_segment
from app.engine.options import Preprocessing
from app.engine.photograph.photometry import appearance
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image
from app.engine.verdict.left_out_scores import UNLIKE_RATIO
from app.evaluate.dataset import load_object, read_image
from app.service.verdicts.verdict import FEATURELESS_SHARE
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

BANKS = (range(4), range(4, 8))
EDGE = 448
PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "pillow", "timm")


def main() -> None:
    arguments = _arguments()
    limit_threads(0)
    say(
        f"ratio of median patch distances; undecided above {UNLIKE_RATIO}, or below {FEATURELESS_SHARE} of the contrast"
    )
    say(measured_with(PACKAGES))
    settings = load_settings(weights_dir=arguments.weights, device="cpu", precision="float32")
    for name in arguments.backbones:
        backbone = load_backbone(load_registry().spec(name), settings, "cpu")
        for each in arguments.objects:
            say(f"\n{each}, {name}")
            _report(arguments.data, each, arguments.objects, backbone)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "transistor", "magnetic_tile"])
    parser.add_argument("--backbones", nargs="+", default=["vit_tiny_patch16_224", "embedded"])
    return parser.parse_args()


def _report(root: Path, name: str, objects: list[str], backbone: Backbone) -> None:
    references = [read_image(path) for path in load_object(root, name, needs_references=True).train[:8]]
    parts = [reference_segment(image, Preprocessing(EDGE, fit="whole"), backbone) for image in references]
    single = [MemoryBank([part], "cpu") for part in parts]
    left_out = [np.stack([bank.nearest(part.upright)[0] for bank in single]) for part in parts]
    limits = [
        max(_median(left_out[each], [other for other in bank if other != each]) for each in bank) for bank in BANKS
    ]
    contrasts = [min(appearance(references[each]).contrast for each in bank) for bank in BANKS]
    for kind, images in _kinds(root, name, objects):
        ratios: list[float] = []
        featureless: list[bool] = []
        for image in images:
            features = patch_features(backbone, [preprocess(image, EDGE, backbone.spec, "whole")])[0]
            found = np.stack([bank.nearest(unit_length(features.values))[0] for bank in single])
            ratios += [_median(found, bank) / limit for bank, limit in zip(BANKS, limits, strict=True)]
            featureless += [appearance(image).contrast < FEATURELESS_SHARE * contrast for contrast in contrasts]
        undecided = np.mean((np.array(ratios) > UNLIKE_RATIO) | np.array(featureless))
        spread = f"{min(ratios):5.2f} {np.median(ratios):5.2f} {max(ratios):5.2f}"
        say(f"  {kind:<16}{len(ratios):>4} x {spread}   undecided {100 * undecided:5.1f} %")


def _median(distances: NDArray[np.float32], bank: Sequence[int]) -> float:
    return float(np.median(distances[list(bank)].min(axis=0)))


def _kinds(root: Path, name: str, objects: list[str]) -> Iterator[tuple[str, list[Image]]]:
    tests = load_object(root, name, needs_references=True).test
    good = [read_image(image.path) for image in tests if not image.is_defect][:30]
    yield "good", good
    yield "defective", [read_image(image.path) for image in tests if image.is_defect][:30]
    others = [load_object(root, other, needs_references=True) for other in objects if other != name]
    firsts = [[image for image in other.test if not image.is_defect][:5] for other in others]
    yield "other products", [read_image(image.path) for images in firsts for image in images]
    yield "shifted by half", [_shifted(image) for image in good[:10]]
    yield "lens cap", _caps(good[0])


def _shifted(image: Image) -> Image:
    height, width = image.shape[:2]
    across = np.array([[1, 0, width / 2], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(image, across, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _caps(image: Image) -> list[Image]:
    noise = np.random.default_rng(0).normal(6, 3, image.shape)
    return [np.clip(noise, 0, 255).astype(np.uint8), *(np.full_like(image, value) for value in (0, 30, 255))]


if __name__ == "__main__":
    main()
