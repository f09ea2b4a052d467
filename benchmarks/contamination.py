"""A defective part among the references: is it named, are good ones left in peace, what does trimming bring?

    python -m benchmarks.contamination DATA_ROOT --weights FOLDER --out FOLDER [--objects …] [--backbones …]
        [--rotation off|on]

DATA_ROOT is laid out as MVTec-AD. Good references are drawn from train and test/good, defective ones from the other
folders of test. 448 px, no mask. Named: 8 (and 4) references of which one is defective, at most one accused. Clean: as
many good ones. `score alone`: how often the defective one, scored by a bank of the good ones, scores higher than each
good one by a bank of the other good ones: what the image score allows. Trimmed: 10 references of which 2 are defective,
the oddest 20 % left out; the AUROC is that of all photographs that are no references. The distances are measured once,
into FOLDER.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.assembly import limit_threads, load_backbone
from app.commands.evaluate_display import Lines
from app.engine.bank.left_out import LeftOut
from app.engine.hygiene import outliers, suspicions, trimmed
from app.engine.options import Preprocessing, Rotation, Statistic
from app.engine.types import Distances
from app.engine.verdict.scoring import image_score
from app.evaluate.dataset import ObjectData, TestImage, load_object
from app.evaluate.measured.cache import Cache
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.measure import measure
from app.evaluate.measured.measurements import Measurements
from app.evaluate.measured.needs import Missing, Needs, QuerySet, column, test_queries
from app.evaluate.measured.stages import StageTimes
from app.evaluate.metrics.image import image_metrics
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

TRIALS = 400
TRIMMED_TRIALS = 100
RATIOS = (0.0, 1.2, 1.3, 1.4, 1.5)
SHARE = 0.2
PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "pillow", "timm")


@dataclass(frozen=True, slots=True)
class Pool:
    """`distances`: per image, the `good` ones first, each patch's distance to each image (images × N)."""

    distances: list[NDArray[np.float32]]
    good: int

    def nearest(self, image: int, references: Sequence[int]) -> Distances:
        return np.asarray(self.distances[image][list(references)].min(axis=0))

    def score(self, image: int, references: Sequence[int]) -> float:
        near = self.nearest(image, references)
        return image_score(near, np.ones(len(near), bool), Statistic())

    def drawn(self, good: int, defective: int, seed: int) -> list[int]:
        """Good references, then defective ones."""
        random = np.random.default_rng([good, defective, seed])
        bad = self.good + random.permutation(len(self.distances) - self.good)[:defective]
        return [*random.permutation(self.good)[:good].tolist(), *bad.tolist()]

    def suspicions(self, references: Sequence[int]) -> dict[int, float]:
        """By place in the references, as the service has it from its leave-one-out table."""
        table = {}
        for place, image in enumerate(references):
            rows = self.distances[image][list(references)].copy()
            rows[place] = np.inf
            whole = np.ones(rows.shape[1], bool)
            table[place] = LeftOut(rows.min(axis=0), rows.argmin(axis=0).astype(np.int32), whole)
        return dict(suspicions(table, [each.foreground for each in table.values()]))

    def auroc(self, references: Sequence[int], drawn: Sequence[int]) -> float:
        """Of a bank of these references, over every image that was not drawn."""
        rest = [image for image in range(len(self.distances)) if image not in drawn]
        labels = np.array([image >= self.good for image in rest])
        found = image_metrics(np.array([self.score(image, references) for image in rest]), labels).auroc
        assert found is not None
        return found


def main() -> None:
    arguments = _arguments()
    say(f"{TRIALS} trials ({TRIMMED_TRIALS} of trimming), 448 px, rotation {arguments.rotation}, no mask, CPU, float32")
    say(measured_with(PACKAGES))
    for backbone in arguments.backbones:
        for name in arguments.objects:
            pool = _pool(arguments, name, backbone)
            say(f"\n{name}, {backbone}: {pool.good} good, {len(pool.distances) - pool.good} defective")
            for count in (8, 4):
                _report_named(pool, count)
            _report_trimmed(pool)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the distances")
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "transistor", "magnetic_tile"])
    parser.add_argument("--backbones", nargs="+", default=["vit_tiny_patch16_224", "embedded"])
    parser.add_argument("--rotation", choices=["off", "on"], default="off")
    return parser.parse_args()


def _pool(arguments: argparse.Namespace, name: str, backbone: str) -> Pool:
    found = load_object(arguments.data, name, needs_references=True)
    good = [*found.train, *(image.path for image in found.test if not image.is_defect)]
    bad = [image for image in found.test if image.is_defect]
    tests = (*(TestImage(path, "good", None) for path in good), *bad)
    data = ObjectData(name, tuple(image.path for image in tests), tests)
    measured = _measured(arguments, data, backbone)
    columns = [measured.distances([path], arguments.rotation) for path in data.train]
    return Pool([np.stack(each) for each in zip(*columns, strict=True)], len(good))


def _measured(arguments: argparse.Namespace, data: ObjectData, name: str) -> Measurements:
    settings = load_settings(weights_dir=arguments.weights, device="cpu", precision="float32")
    loaded = load_backbone(load_registry().spec(name), settings, "cpu")
    extractor = Extractor(loaded, Preprocessing(448, fit="whole"), "cpu", limit_threads(0), StageTimes())
    cache, lines = Cache(arguments.out / name / data.name), Lines()
    rotation: Rotation = arguments.rotation
    tests, needs = test_queries(data), Needs(references=data.train, rotations=frozenset({rotation}))
    lacking = [path for path in data.train if not cache.has(column(rotation, path, tests.name))]
    work = dict.fromkeys(lacking, needs.rotations)
    # every photograph is among the test images, so none has to be compared apart from them
    wanted = Missing(needs, tests, QuerySet("nobody", ()), work, queries_needed=bool(work))
    lines.begin(wanted.passes)
    lines.at(f"{data.name}, {name}")
    return measure(wanted, extractor, cache, lines.advance)


def _report_named(pool: Pool, count: int) -> None:
    contaminated = [pool.suspicions(pool.drawn(count - 1, 1, seed)) for seed in range(TRIALS)]
    clean = [pool.suspicions(pool.drawn(count, 0, seed)) for seed in range(TRIALS)]
    say(f"  {count} references; score alone {100 * _allowed(pool, count):.0f} %")
    for ratio in RATIOS:
        accused = [outliers(each, ratio) for each in contaminated]
        named = np.mean([count - 1 in each for each in accused])
        wrong = np.mean([len(each) > 0 and count - 1 not in each for each in accused])
        quiet = np.mean([not outliers(each, ratio) for each in clean])
        limit = f"ratio above {ratio:.1f}" if ratio else "always one accused"
        told = f"named {100 * named:3.0f} %, a good one instead {100 * wrong:3.0f} %"
        say(f"    {limit:<19} {told}, clean sets with one accused {100 * (1 - quiet):3.0f} %")


def _allowed(pool: Pool, count: int) -> float:
    hits = 0
    for seed in range(TRIALS):
        *good, bad = pool.drawn(count - 1, 1, seed)
        others = ([other for other in good if other != each] for each in good)
        hits += pool.score(bad, good) > max(pool.score(each, rest) for each, rest in zip(good, others, strict=True))
    return hits / TRIALS


def _report_trimmed(pool: Pool) -> None:
    found: dict[str, list[float]] = {}
    for seed in range(TRIMMED_TRIALS):
        drawn = pool.drawn(8, 2, seed)
        kept = trimmed(pool.suspicions(drawn), SHARE)
        clean = pool.drawn(10, 0, seed)
        clean_kept = trimmed(pool.suspicions(clean), SHARE)
        for label, references, out in (
            ("2 of 10 defective", drawn, drawn),
            ("the same, trimmed", [drawn[place] for place in kept], drawn),
            ("the 8 good ones alone", drawn[:8], drawn),
            ("10 good ones", clean, clean),
            ("10 good ones, trimmed", [clean[place] for place in clean_kept], clean),
        ):
            found.setdefault(label, []).append(pool.auroc(references, out))
    for label, values in found.items():
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        say(f"  AUROC {label:<22} {np.mean(values):.3f} +- {error:.3f}")


if __name__ == "__main__":
    main()
