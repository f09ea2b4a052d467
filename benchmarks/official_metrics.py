"""Does the whole pipeline score photographs as the authors' own code does? Every row of a file of their results.

    python -m benchmarks.official_metrics DATA_ROOT METRICS_JSON --weights FILE

ViT-Tiny at 448, eight rotations, no mask, profile `paper`, float32 on the CPU. DATA_ROOT is laid out as MVTec-AD is;
METRICS_JSON is a list of rows {object, shots, seed, image_auroc, first_scores, ...}. Compared are the image scores of
the first five test images in the order of their paths, and the image AUROC. Ends with 1 if a row misses.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from app.assembly import limit_threads
from app.engine.backbone.backbone import Backbone
from app.engine.backbone.vit import ViTBackbone
from app.engine.bank import MemoryBank, Segment
from app.engine.detector import patch_distances, patch_features, reference_segment
from app.engine.image_file import decode_image
from app.engine.options import Preprocessing, Statistic
from app.engine.preprocess import preprocess
from app.engine.scoring import image_score
from app.engine.types import Image, PatchFeatures
from app.weights.files import verify
from app.weights.registry import load_registry
from app.weights.tensors import load_tensors
from benchmarks.machine import measured_with, say

BACKBONE = "vit_tiny_patch16_224"
PREPROCESSING = Preprocessing(smaller_edge=448, rotation="on")
SCORE_TOLERANCE = 1e-4
AUROC_TOLERANCE = 0.003
MAX_PIXELS = 100_000_000
PACKAGES = ("numpy", "torch", "timm", "faiss-gpu", "opencv-python-headless", "pillow")
LINE = "{:<14} {:>5} {:>4}   {:>9} {:>9} {:>9}   {:>12}   {}"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Photographs:
    """One object: features of every test image, in the order of the paths, and segments of the references."""

    features: Sequence[PatchFeatures]
    defective: NDArray[np.bool_]
    references: Mapping[Path, Segment]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out for one row. `score_error` is the largest of the first scores' differences."""

    auroc: float
    auroc_error: float
    score_error: float
    passed: bool


def main() -> None:
    arguments = _arguments()
    limit_threads(arguments.threads)
    spec = load_registry().spec(BACKBONE)
    verify(arguments.weights, spec)
    backbone = ViTBackbone(spec, load_tensors(arguments.weights), "cpu", "float32")
    say(f"{BACKBONE} at {PREPROCESSING.smaller_edge} px, eight rotations, no mask, profile paper, float32, CPU")
    say(measured_with(PACKAGES))
    say(f"\nallowed: {SCORE_TOLERANCE} on each first score; {AUROC_TOLERANCE} or one swapped pair on the AUROC\n")
    say(LINE.format("object", "shots", "seed", "AUROC", "theirs", "off by", "scores off", ""))
    rows = json.loads(arguments.metrics.read_text())
    passed = [
        _said(row, comparison)
        for name, members in groupby(rows, key=lambda row: str(row["object"]))
        for row, comparison in _compared(arguments.data / name, list(members), backbone)
    ]
    say(f"\n{sum(passed)} of {len(rows)} rows pass")
    sys.exit(0 if all(passed) and passed else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("metrics", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=0, help="0: one for each core")
    return parser.parse_args()


def _compared(folder: Path, rows: Sequence[Row], backbone: Backbone) -> list[tuple[Row, Comparison]]:
    photographs = _photographs(folder, rows, backbone)
    return [(row, _comparison(row, _scores(_shots(folder, row), photographs), photographs.defective)) for row in rows]


def _photographs(folder: Path, rows: Sequence[Row], backbone: Backbone) -> Photographs:
    tests = sorted((folder / "test").glob("*/*"))
    references = sorted({path for row in rows for path in _shots(folder, row)})
    return Photographs(
        features=[_features(_decoded(path), backbone) for path in tests],
        defective=np.array([path.parent.name != "good" for path in tests]),
        references={path: reference_segment(_decoded(path), PREPROCESSING, backbone) for path in references},
    )


def _shots(folder: Path, row: Row) -> list[Path]:
    shots, seed = int(row["shots"]), int(row["seed"])
    return sorted((folder / "train" / "good").iterdir())[seed * shots : (seed + 1) * shots]


def _decoded(path: Path) -> Image:
    return decode_image(path.read_bytes(), MAX_PIXELS).pixels


def _features(image: Image, backbone: Backbone) -> PatchFeatures:
    return patch_features(backbone, [preprocess(image, PREPROCESSING.smaller_edge, backbone.spec)])[0]


def _scores(shots: Sequence[Path], photographs: Photographs) -> NDArray[np.float64]:
    bank = MemoryBank([photographs.references[path] for path in shots], "cpu")
    return np.array([_score(features, bank) for features in photographs.features])


def _score(features: PatchFeatures, bank: MemoryBank) -> float:
    everything = np.ones(features.geometry.grid.patches, bool)
    return image_score(patch_distances(features, bank, everything).values, everything, Statistic())


def _comparison(row: Row, scores: NDArray[np.float64], defective: NDArray[np.bool_]) -> Comparison:
    bad, good = int(defective.sum()), int((~defective).sum())
    if (good, bad) != (row["n_good"], row["n_bad"]):
        raise SystemExit(f"{row['object']} has {good} good and {bad} defective test images, not those of the row {row}")
    auroc = image_auroc(scores, defective)
    auroc_error = abs(auroc - row["image_auroc"])
    score_error = float(np.abs(scores[: len(row["first_scores"])] - row["first_scores"]).max())
    allowed = max(AUROC_TOLERANCE, 1 / (good * bad))
    return Comparison(auroc, auroc_error, score_error, auroc_error <= allowed and score_error <= SCORE_TOLERANCE)


def image_auroc(scores: NDArray[np.float64], defective: NDArray[np.bool_]) -> float:
    """Probability that a defective image scores higher than a good one, ties counted half (from the rank sum)."""
    bad, good = int(defective.sum()), int((~defective).sum())
    above = rankdata(scores)[defective].sum() - bad * (bad + 1) / 2
    return float(above / (bad * good))


def _said(row: Row, comparison: Comparison) -> bool:
    say(
        LINE.format(
            row["object"],
            row["shots"],
            row["seed"],
            f"{comparison.auroc:.5f}",
            f"{row['image_auroc']:.5f}",
            f"{comparison.auroc_error:.5f}",
            f"{comparison.score_error:.1e}",
            "pass" if comparison.passed else "MISS",
        )
    )
    return comparison.passed


if __name__ == "__main__":
    main()
