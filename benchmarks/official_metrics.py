"""Does an evaluation give what the authors' own code gave? Every row and every metric of a file of their results.

    python -m benchmarks.official_metrics DATA_ROOT METRICS_JSON --weights FOLDER [--out FOLDER]

ViT-Tiny at 448, eight rotations, no mask, profile `paper`, float32 on the CPU. DATA_ROOT is laid out as MVTec-AD is;
METRICS_JSON is a list of rows {object, shots, seed, image_auroc, …, first_scores}. Compared are the metrics of
each row and the image scores of the first test images in the order of their paths. Ends with 1 if a row misses.
Pixel F1-max was taken on every third pixel there: hence its tolerance. A metric that they do not have is `-` (their PRO
takes images of one size only).
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.assembly import limit_threads, load_backbone
from app.commands.evaluate_display import Lines
from app.evaluate.kept.results import Run, ScoredRow
from app.evaluate.kept.run_folder import RunFolder
from app.evaluate.planned.choices import Choices, variants
from app.evaluate.planned.plan import Plan
from app.evaluate.runner import Machine, evaluate
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

BACKBONE = "vit_tiny_patch16_224"
TOLERANCES = {
    "image_auroc": 0.003,
    "image_ap": 0.003,
    "image_f1_max": 0.003,
    "pixel_auroc": 0.003,
    "pixel_f1_max": 0.01,
    "pro": 0.003,
}
SCORE_TOLERANCE = 1e-4
OTHER_NAMES = {"pixel_f1_max": "pixel_f1_max_every_3rd"}
PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "pillow", "timm", "scikit-learn")

Theirs = dict[str, Any]


def main() -> None:
    arguments = _arguments()
    theirs: list[Theirs] = json.loads(arguments.metrics.read_text())
    say(f"{BACKBONE} at 448 px, eight rotations, no mask, profile paper, float32, CPU")
    say(measured_with(PACKAGES))
    allowed = ", ".join(f"{name} {value}" for name, value in TOLERANCES.items())
    say(f"\nallowed: {allowed}, first scores {SCORE_TOLERANCE};")
    say("an image AUROC may also differ by one swapped pair. Differences, ours - theirs:\n")
    say(
        f"{'object':<14}{'shots':>6}{'seed':>5}"
        + "".join(f"{name:>14}" for name in TOLERANCES)
        + f"{'first scores':>14}"
    )
    with tempfile.TemporaryDirectory() as made_here:
        ours = _ours(arguments, theirs, arguments.out or Path(made_here))
    passed = [_said(row, ours[row["object"], row["shots"], row["seed"]]) for row in theirs]
    say(f"\n{sum(passed)} of {len(theirs)} rows pass")
    sys.exit(0 if passed and all(passed) else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("metrics", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight file")
    parser.add_argument("--out", type=Path, help="keep the evaluation there")
    return parser.parse_args()


def _ours(
    arguments: argparse.Namespace, theirs: Sequence[Theirs], folder: Path
) -> dict[tuple[str, int, int], ScoredRow]:
    settings = load_settings(weights_dir=arguments.weights, device="cpu", precision="float32")
    spec = load_registry().spec(BACKBONE)
    machine = Machine(lambda _name: load_backbone(spec, settings, "cpu"), "cpu", limit_threads(0))
    choices = Choices("few-shot", [BACKBONE], [448], ["agnostic_no_mask"], None, None, "paper", ["mean_top1p"], [])
    plan = Plan(
        data_root=arguments.data,
        objects=tuple(dict.fromkeys(row["object"] for row in theirs)),
        variants=variants(choices, lambda _name: "float32"),
        shots=tuple(sorted({row["shots"] for row in theirs})),
        seeds=1 + max(row["seed"] for row in theirs),
    )
    run_folder = RunFolder(folder)
    evaluate(plan, run_folder, machine, Run("official metrics", {}, {}, (), (), (), {}), Lines())
    return {(each.row.object, each.row.shots, each.row.seed): each for each in run_folder.rows()}


def _said(theirs: Theirs, ours: ScoredRow) -> bool:
    row = ours.row.flat()
    if (row["good"], row["bad"]) != (theirs["n_good"], theirs["n_bad"]):
        found = f"{row['good']} good and {row['bad']} bad test images"
        raise SystemExit(f"{row['object']} has {found}, not those of the row {theirs}")
    pair = 1 / (row["good"] * row["bad"])
    allowed = TOLERANCES | {"image_auroc": max(TOLERANCES["image_auroc"], pair)}
    names = {name: OTHER_NAMES.get(name, name) for name in TOLERANCES}
    off = {name: row[name] - theirs[other] for name, other in names.items() if other in theirs}
    first = [each.score for each in ours.scores[: len(theirs["first_scores"])]]
    scores_off = float(np.abs(np.array(first) - theirs["first_scores"]).max())
    passed = scores_off <= SCORE_TOLERANCE and all(abs(off[name]) <= allowed[name] + 1e-9 for name in off)
    numbers = "".join(f"{off[name]:>+14.5f}" if name in off else f"{'-':>14}" for name in TOLERANCES)
    verdict = "pass" if passed else "MISS"
    say(f"{row['object']:<14}{row['shots']:>6}{row['seed']:>5}{numbers}{scores_off:>14.1e}  {verdict}")
    return passed


if __name__ == "__main__":
    main()
