"""Do the thresholds keep their promises on real photographs, and how many defects do they find?

    python -m benchmarks.false_alarms DATA_ROOT --weights FOLDER --out FOLDER [--plots FOLDER] [--objects …] …

DATA_ROOT is laid out as MVTec-AD. The pool of an object are its good photographs, of train and test. 200 times, k
references are drawn from it; 448 px, eight rotations, mean_top1p, once without a mask and once with every background
masked. Only photographs that get a verdict set thresholds and are tried, by the service's rule: mask trusted, like the
references. Thresholds, each tried on good photographs that had no part in it and on all defective ones:

    provisional   the service's: the largest score of a reference in a bank of the others
    calibrated    split conformal, by n other good photographs: as many as leave 4 to be tried and make alpha exact
    own copies    what not to do: the largest score of a reference in a bank from which only the very view that is
                  scored is left out, so that its own seven turned copies stay in
    oracle        the largest F1 on the photographs that it is tried on, which nobody has in practice

The promised ones are tried for regions, too: how many good photographs show any region at all, by a threshold of the
largest patch distance. The distances are measured once, into FOLDER.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.engine.verdict.calibration import OUTLYING_RATIO, REGION_STATISTIC
from benchmarks.distance_table import DistanceTable, distance_table
from benchmarks.false_alarm_plots import Measured, plot
from benchmarks.machine import measured_with, say
from benchmarks.threshold_trials import PROVISIONAL, Trial, trials

DRAWS = 200
SHOTS = (4, 8, 16)
COOKIES_SHOTS = (4, 8)
PACKAGES = ("torch", "faiss-gpu", "numpy", "scipy", "opencv-python-headless", "pillow", "timm")
HEAD = """
per threshold: what it promises (mean rate of false alarms, at most); the mean rate of false alarms +- its standard
error over draws, and whether that is within the promise and two errors; the rates of 5 to 95 % of the draws; the mean
share of the defective ones that it finds, and of those that get no verdict; how many good photographs set it, how many
it was tried on, and the share of those that were to be tried and get no verdict"""


def main() -> None:
    arguments = _arguments()
    say(f"{DRAWS} draws, 448 px, eight rotations, mean_top1p, robust, CPU, float32")
    say(measured_with(PACKAGES))
    say(HEAD)
    measured: Measured = {}
    for name in arguments.objects:
        for backbone in arguments.backbones:
            table = distance_table(arguments.data, name, backbone, weights=arguments.weights, kept=arguments.out)
            shots = COOKIES_SHOTS if name == "cookies" else SHOTS
            for masked in (False, True):
                how = "masked" if masked else "no mask"
                say(f"\n{name}, {backbone}, {how}: {table.good} good, {len(table.defective)} defective")
                found = _tried(replace(table, masked=masked), shots)
                if not masked:
                    measured[name, backbone] = found
    if arguments.plots:
        plot(measured, arguments.plots)


def _tried(table: DistanceTable, shots: Sequence[int]) -> list[Trial]:
    """All trials by the image score; those by regions are told, too."""
    all_of_them = []
    for count in shots:
        found = trials(table, count, DRAWS)
        all_of_them += found
        tell(found)
        say("       any region at all (by the largest patch distance):")
        regions = trials(replace(table, statistic=REGION_STATISTIC), count, DRAWS)
        tell([trial for trial in regions if trial.is_promised])
    return all_of_them


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the distances")
    parser.add_argument("--plots", type=Path, help="folder for the plots; none are drawn where it is not named")
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "transistor", "magnetic_tile"])
    parser.add_argument("--backbones", nargs="+", default=["vit_tiny_patch16_224", "embedded"])
    return parser.parse_args()


def tell(found: list[Trial]) -> None:
    for trial in found:
        rates = trial.false_alarms
        low, high = np.percentile(rates, [5, 95])
        promise = f"{100 * trial.promised_rate:.1f} %" if trial.is_promised else ""
        kept = ("kept" if trial.kept else "BROKEN") if trial.is_promised else ""
        by = f"by {trial.good_images:5.1f}, " if trial.is_promised else ""
        rate = f"{100 * rates.mean():5.1f} +- {100 * trial.standard_error:3.1f} % {kept:<6}"
        say(
            f"  k={trial.shots:<2} {trial.label:<15} {promise:>6} | {rate} | {100 * low:3.0f} to {100 * high:3.0f} % | "
            f"found {100 * trial.found:5.1f} %, undecided {100 * trial.defective_undecided:4.1f} % | {by}tried on "
            f"{trial.tested:.1f}, undecided {100 * trial.good_undecided:4.1f} %"
        )
        if trial.is_promised:
            _tell_beside(trial)


def _tell_beside(trial: Trial) -> None:
    ratios = np.percentile([each.outlying for each in trial.outcomes], [50, 95, 99])
    told = float(np.mean([each.outlying >= OUTLYING_RATIO for each in trial.outcomes]))
    say(
        f"       {len(trial.outcomes)} draws; undecidable beside the promise {100 * trial.undecidable:.1f} %; threshold"
        f" over the next largest score: median {ratios[0]:.2f}, 95 % {ratios[1]:.2f}, 99 % {ratios[2]:.2f}, told in "
        f"{100 * told:.1f} % of the draws"
    )
    if trial.label == PROVISIONAL:
        say(
            f"       of the draws, {100 * trial.above_rate_95:.1f} % lie above the rate told with 95 % confidence, "
            f"{100 * trial.rate_95:.0f} % (independent scores: {100 * trial.by_chance_above:.1f} %)"
        )


if __name__ == "__main__":
    main()
