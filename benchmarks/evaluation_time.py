"""How long does a whole evaluation take, beside the authors' own script doing the same work?

    python -m benchmarks.evaluation_time DATA_ROOT --weights FOLDER --authors CHECKOUT [--objects …]

Both make every feasible row of 1, 2, 4, 8, 16 shots × 3 seeds with ViT-Tiny at 448 px, eight rotations, no mask, with
image and pixel metrics, each in a process of its own, one after the other. Theirs is their `run_anomaly_detection` and
their evaluation, from a checkout of AnomalyDINO (commit printed), in the loops of their script; left out, in their
favour: warm-up and example plots. Their pixel metrics take images of one size only: objects of several sizes go without
them there. Ours is the command, with its report. Printed are the seconds, the ratio, and whether the AUROCs agree.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.engine.heatmap import encode_png
from app.evaluate.dataset import object_names, read_image
from benchmarks.machine import measured_with, say

BACKBONE = "vit_tiny_patch16_224"
SHOTS = (1, 2, 4, 8, 16)
SEEDS = 3
PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "pillow", "timm", "scikit-learn")

Aurocs = dict[tuple[str, int, int], float]


def main() -> None:
    arguments = _arguments()
    names = arguments.objects or object_names(arguments.data)
    say(f"{', '.join(names)}: shots {SHOTS}, {SEEDS} seeds where there are references enough; {BACKBONE}, 448 px, CPU")
    say(measured_with(PACKAGES))
    asked = ["git", "-C", str(arguments.authors), "rev-parse", "--short", "HEAD"]
    say(f"AnomalyDINO at {subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()}\n")
    with tempfile.TemporaryDirectory() as folder:
        _write_as_png(arguments.data, names, Path(folder) / "data")
        arguments.data = Path(folder) / "data"
        ours_s, ours = _ours(arguments, names, Path(folder) / "ours")
        say(f"inspector evaluate   {ours_s:8.0f} s  ({len(ours)} rows)")
        theirs_s, theirs = _theirs(arguments, names, Path(folder) / "theirs")
        say(f"the authors' script  {theirs_s:8.0f} s  ({len(theirs)} rows)")
    say(f"\nratio {theirs_s / ours_s:.1f}")
    difference = max(abs(ours[key] - theirs[key]) for key in theirs)
    say(f"same rows: {ours.keys() == theirs.keys()}; largest difference of the image AUROC: {difference:.5f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight file")
    parser.add_argument("--authors", type=Path, required=True, help="checkout of AnomalyDINO")
    parser.add_argument("--objects", nargs="+", help="all where none is named")
    return parser.parse_args()


def _write_as_png(data: Path, names: list[str], folder: Path) -> None:
    """The photographs as PNG, which is all that their script takes of MVTec's layout; both sides read these."""
    for name in names:
        for source in sorted(path for path in (data / name).rglob("*") if path.is_file()):
            target = (folder / source.relative_to(data)).with_suffix(".png")
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix == ".png":
                target.write_bytes(source.read_bytes())
            else:
                target.write_bytes(encode_png(read_image(source)))


def _ours(arguments: argparse.Namespace, names: list[str], out: Path) -> tuple[float, Aurocs]:
    command = [
        *("-m", "app.cli", "evaluate", "--data-root", str(arguments.data), "--out", str(out), "--backbone", BACKBONE),
        *("--preprocess", "agnostic_no_mask", "--seeds", str(SEEDS), "--shots", *map(str, SHOTS), "--objects", *names),
    ]
    took_s = _timed(command, arguments.weights)
    rows = json.loads((out / "summary.json").read_text())["rows"]
    return took_s, {(row["object"], row["shots"], row["seed"]): row["image_auroc"] for row in rows}


def _theirs(arguments: argparse.Namespace, names: list[str], out: Path) -> tuple[float, Aurocs]:
    command = [
        *("-m", "benchmarks.authors_evaluation", str(arguments.data), "--out", str(out)),
        *("--weights", str(arguments.weights / f"{BACKBONE}.safetensors"), "--authors", str(arguments.authors)),
        *("--seeds", str(SEEDS), "--shots", *map(str, SHOTS), "--objects", *names),
    ]
    took_s = _timed(command, arguments.weights)
    return took_s, {
        (name, shots, seed): auroc for name, shots, seed, auroc in json.loads((out / "rows.json").read_text())
    }


def _timed(command: list[str], weights: Path) -> float:
    environment = {"INSPECTOR_WEIGHTS_DIR": str(weights), "INSPECTOR_DEVICE": "cpu"}
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], env=os.environ | environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
