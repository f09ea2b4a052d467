"""Does the provisional threshold keep its promise on real photographs, and how many defects does it find?

    python -m benchmarks.false_alarms DATA_ROOT --weights FOLDER --out FOLDER [--objects …] [--backbones …]

DATA_ROOT is laid out as MVTec-AD. The pool of an object are its good photographs, of train and test. 200 times, k
references are drawn; the threshold is the service's: the largest leave-one-out score, a reference's own rotations
left out. Inspected are the other good photographs and all defective ones; 448 px, eight rotations, no mask,
mean_top1p. Beside it the best that the test images themselves would allow (`oracle`, largest F1). The distances are
measured once, into FOLDER.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.assembly import limit_threads, load_backbone
from app.engine.calibration import provisional
from app.engine.options import ROTATION_ANGLES_DEG, Statistic
from app.engine.scoring import image_score
from app.evaluate.cache import Cache
from app.evaluate.dataset import ObjectData, TestImage, load_object
from app.evaluate.extraction import Extractor
from app.evaluate.measure import measure
from app.evaluate.measurements import Measurements
from app.evaluate.needs import Needs, missing
from app.evaluate.stages import StageTimes
from app.evaluate_display import Lines
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

DRAWS = 200
SHOTS = (4, 8, 16)
COOKIES_SHOTS = (4, 8)
PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "pillow", "timm")

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pool:
    """Per image, good ones first, and per good one as reference: the distances of all patches. `good`: how many."""

    distances: list[NDArray[np.float32]]
    good: int

    def scores(self, images: Sequence[int], references: Sequence[int]) -> Scores:
        """The image scores of images under a bank of references."""
        near = (self.distances[image][list(references)].min(axis=0) for image in images)
        return np.array([image_score(each, np.ones(len(each), bool), Statistic()) for each in near])


@dataclass(frozen=True, slots=True)
class Draw:
    """Rates of one draw under a threshold: false alarms among good images, detections among defective ones."""

    false_alarms: float
    detections: float


def main() -> None:
    arguments = _arguments()
    say(f"{DRAWS} draws, 448 px, eight rotations, no mask, mean_top1p, robust, CPU, float32")
    say(measured_with(PACKAGES))
    say("\nfalse alarms: mean +- standard error over draws (5 to 95 % of the draws); found: mean share of the defects")
    for backbone in arguments.backbones:
        for name in arguments.objects:
            pool = _pool(arguments, name, backbone)
            say(f"\n{name}, {backbone}: {pool.good} good, {len(pool.distances) - pool.good} defective")
            for shots in COOKIES_SHOTS if name == "cookies" else SHOTS:
                _report(pool, shots)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the distances")
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "transistor", "magnetic_tile"])
    parser.add_argument("--backbones", nargs="+", default=["vit_tiny_patch16_224", "embedded"])
    return parser.parse_args()


def _pool(arguments: argparse.Namespace, name: str, backbone: str) -> Pool:
    found = load_object(arguments.data, name, needs_references=True)
    good = [*found.train, *(image.path for image in found.test if not image.is_defect)]
    bad = [image for image in found.test if image.is_defect]
    data = ObjectData(name, tuple(good), (*(TestImage(path, "good", None) for path in good), *bad))
    measured = _measured(arguments, data, backbone)
    columns = [measured.distances([path], "on") for path in good]
    return Pool([np.stack(each) for each in zip(*columns, strict=True)], len(good))


def _measured(arguments: argparse.Namespace, data: ObjectData, name: str) -> Measurements:
    settings = load_settings(weights_dir=arguments.weights, device="cpu", precision="float32")
    loaded = load_backbone(load_registry().spec(name), settings, "cpu")
    extractor = Extractor(loaded, 448, "cpu", limit_threads(0), StageTimes())
    cache, lines = Cache(arguments.out / name / data.name), Lines()
    wanted = missing(Needs(references=data.train, rotations=frozenset({"on"})), data, cache)
    lines.begin(wanted.passes)
    lines.at(f"{data.name}, {name}, {len(ROTATION_ANGLES_DEG)} rotations")
    return measure(wanted, extractor, cache, lines.advance)


def _report(pool: Pool, shots: int) -> None:
    promise = 1 / (shots + 1)
    ours, oracle = zip(*(_drawn(pool, shots, seed) for seed in range(DRAWS)), strict=True)
    mean, error = _told(f"k={shots:<3} leave one out", ours)
    kept = "kept" if mean <= promise + 2 * error else "BROKEN"
    say(f"        promise: at most {100 * promise:.1f} %: {kept}")
    _told("      oracle", oracle)


def _told(label: str, draws: Sequence[Draw]) -> tuple[float, float]:
    rates = np.array([draw.false_alarms for draw in draws])
    found = np.array([draw.detections for draw in draws])
    mean, error = float(rates.mean()), float(rates.std(ddof=1) / np.sqrt(len(rates)))
    low, high = np.percentile(rates, [5, 95])
    spread = f"{100 * mean:5.1f} +- {100 * error:.1f} % ({100 * low:.0f} to {100 * high:.0f} %)"
    say(f"  {label:<20} false alarms {spread}, found {100 * found.mean():5.1f} %")
    return mean, error


def _drawn(pool: Pool, shots: int, seed: int) -> tuple[Draw, Draw]:
    random = np.random.default_rng([shots, seed])
    references = random.permutation(pool.good)[:shots].tolist()
    others = [image for image in range(pool.good) if image not in references]
    good = pool.scores(others, references)
    bad = pool.scores(range(pool.good, len(pool.distances)), references)
    left_out = [float(pool.scores([each], [other for other in references if other != each])[0]) for each in references]
    threshold = provisional(left_out)
    assert threshold is not None
    return _rates(good, bad, threshold.value), _rates(good, bad, _oracle(good, bad))


def _oracle(good: Scores, bad: Scores) -> float:
    def f1(threshold: float) -> float:
        hits, alarms = int((bad > threshold).sum()), int((good > threshold).sum())
        return 2 * hits / (hits + alarms + len(bad))

    below_all = min(good.min(), bad.min()) - 1
    return float(max([below_all, *good.tolist(), *bad.tolist()], key=f1))


def _rates(good: Scores, bad: Scores, threshold: float) -> Draw:
    return Draw(float((good > threshold).mean()), float((bad > threshold).mean()))


if __name__ == "__main__":
    main()
