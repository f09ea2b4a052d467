"""How should an image come to whole patches? Image AUROC of cropping and of three ways that see every pixel.

    python -m benchmarks.fit_to_patches DATA_ROOT --weights FOLDER [--choose …] [--confirm …]

DATA_ROOT is laid out as MVTec-AD. `crop`: the resized image loses what is beyond its last whole patch (the authors'
way). `nearest`, `up`: it is resized to the nearest number of whole patches, or to the next larger one. `pad`: it is
mirrored at the right and at the bottom. Sets of square images are seen whole at 448 px, so the choice is made on them
at smaller edges that are no multiples of the patch; it is confirmed on sets of other shapes at 448 px. Image score:
mean of the largest 1 %; upright references (`--rotations` for eight turns), no mask. Below each row: the 95 % interval
of the difference to `crop` (paired bootstrap over the images, mean over the seeds).
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from sklearn.metrics import roc_auc_score

from app.assembly import limit_threads, load_backbone
from app.engine.backbone.backbone import Backbone
from app.engine.bank.bank import MemoryBank, segment
from app.engine.bank.rows import unit_length
from app.engine.detector import patch_features
from app.engine.options import ROTATION_ANGLES_DEG, Statistic
from app.engine.photograph.augment import rotate
from app.engine.photograph.preprocess import geometry, preprocess, resized_size
from app.engine.types import Image, ModelInput, PatchFeatures, Size
from app.engine.verdict.scoring import image_score
from app.errors import InvalidDataset
from app.evaluate.dataset import ObjectData, load_object, read_image
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

PACKAGES = ("torch", "faiss-gpu", "numpy", "pillow", "timm")
SHOTS, SEEDS = 4, (0, 1, 2)
RESAMPLES = 1000
Scores = NDArray[np.float64]
"""Of the test images, seeds×images."""

Prepare = Callable[[Image, int, Backbone], ModelInput]


def cropped(image: Image, smaller_edge: int, backbone: Backbone) -> ModelInput:
    return preprocess(image, smaller_edge, backbone.spec, "crop")


def nearest(image: Image, smaller_edge: int, backbone: Backbone) -> ModelInput:
    size, patch = resized_size(Size(*image.shape[:2]), smaller_edge), backbone.spec.patch_size
    height, width = (round(length / patch) * patch for length in (size.height, size.width))
    return _as_it_is(_resized(image, Size(height, width)), backbone)


def up(image: Image, smaller_edge: int, backbone: Backbone) -> ModelInput:
    return preprocess(image, smaller_edge, backbone.spec, "whole")


def padded(image: Image, smaller_edge: int, backbone: Backbone) -> ModelInput:
    size = resized_size(Size(*image.shape[:2]), smaller_edge)
    target = geometry(Size(*image.shape[:2]), smaller_edge, backbone.spec.patch_size, "whole").resized
    beyond = ((0, target.height - size.height), (0, target.width - size.width), (0, 0))
    return _as_it_is(np.pad(_resized(image, size), beyond, mode="symmetric"), backbone)


FITS: dict[str, Prepare] = {"crop": cropped, "nearest": nearest, "up": up, "pad": padded}


def _resized(image: Image, size: Size) -> Image:
    bicubic = PillowImage.Resampling.BICUBIC
    return np.asarray(PillowImage.fromarray(image).resize((size.width, size.height), bicubic))


def _as_it_is(image: Image, backbone: Backbone) -> ModelInput:
    return preprocess(image, min(image.shape[:2]), backbone.spec, "crop")


def main() -> None:
    arguments = _arguments()
    limit_threads(0)
    say(f"image AUROC in %, {SHOTS} shots, seeds {SEEDS}; {len(_angles(arguments))} turns of each reference")
    say(measured_with(PACKAGES))
    settings = load_settings(weights_dir=arguments.weights, device="cpu", precision="float32")
    chosen = [(name, edge) for name in arguments.choose for edge in arguments.edges]
    for name in arguments.backbones:
        backbone = load_backbone(load_registry().spec(name), settings, "cpu")
        say(f"\n{name:<34}" + "".join(f"{fit:>20}" for fit in FITS))
        for each, edge in (*chosen, *((each, 448) for each in arguments.confirm)):
            data = load_object(arguments.data, each, needs_references=True)
            bad = np.array([image.is_defect for image in data.test])
            found = [_scores(data, fit, edge, backbone, _angles(arguments)) for fit in FITS.values()]
            told = (_told([_auroc(bad, seed) for seed in scores]) for scores in found)
            say(f"  {each:<20} at {edge:>4} px " + "".join(f"{each:>20}" for each in told))
            intervals = (_difference(bad, scores, found[0]) for scores in found[1:])
            say(f"{'':34}{'':>20}" + "".join(f"{low:>+12.1f} … {high:+.1f}" for low, high in intervals))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--choose", nargs="*", default=["hazelnut", "transistor"])
    parser.add_argument("--edges", nargs="+", type=int, default=[440, 230])
    parser.add_argument("--confirm", nargs="+", default=["cookies", "magnetic_tile"])
    parser.add_argument("--backbones", nargs="+", default=["embedded", "vit_tiny_patch16_224"])
    parser.add_argument("--rotations", action="store_true")
    return parser.parse_args()


def _angles(arguments: argparse.Namespace) -> tuple[float, ...]:
    return ROTATION_ANGLES_DEG if arguments.rotations else ROTATION_ANGLES_DEG[:1]


def _scores(
    data: ObjectData, fit: Prepare, smaller_edge: int, backbone: Backbone, angles_deg: tuple[float, ...]
) -> Scores:
    """Of every seed that there are enough references for."""

    def features(image: Image) -> PatchFeatures:
        return patch_features(backbone, [fit(image, smaller_edge, backbone)])[0]

    queries = [unit_length(features(read_image(image.path)).values) for image in data.test]
    found = []
    for paths in _draws(data):
        images = [read_image(path) for path in paths]
        parts = [segment([features(rotate(image, angle)) for angle in angles_deg], angles_deg) for image in images]
        bank = MemoryBank(parts, "cpu")
        found.append([_score(bank, query) for query in queries])
    return np.array(found)


def _auroc(bad: NDArray[np.bool_], scores: Scores) -> float:
    return 100 * float(roc_auc_score(bad, scores))


def _difference(bad: NDArray[np.bool_], scores: Scores, others: Scores) -> tuple[float, float]:
    """Of the mean AUROC, with the good and the bad images drawn again: the middle 95 %."""
    rng, good_ones, bad_ones = np.random.default_rng(0), np.flatnonzero(~bad), np.flatnonzero(bad)
    found = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([rng.choice(each, len(each)) for each in (good_ones, bad_ones)])
        means = [np.mean([_auroc(bad[drawn], seed[drawn]) for seed in each]) for each in (scores, others)]
        found.append(means[0] - means[1])
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _draws(data: ObjectData) -> Iterator[tuple[Path, ...]]:
    for seed in SEEDS:
        try:
            yield data.references(SHOTS, seed)
        except InvalidDataset:
            return


def _score(bank: MemoryBank, query: NDArray[np.float32]) -> float:
    return image_score(bank.nearest(query)[0], np.ones(len(query), bool), Statistic())


def _told(seeds: list[float]) -> str:
    return f"{np.mean(seeds):.2f} ({', '.join(f'{each:.0f}' for each in seeds)})"


if __name__ == "__main__":
    main()
