"""Do the thresholds keep their promises on real photographs, and how many defects do they find?

    python -m benchmarks.false_alarms DATA_ROOT --weights FOLDER --out FOLDER [--plots FOLDER] [--objects …] …

DATA_ROOT is laid out as MVTec-AD. The pool of an object are its good photographs, of train and test. 200 times, k
references are drawn from it; 448 px, eight rotations, no mask, mean_top1p. Thresholds, each tried on good photographs
that had no part in it and on all defective ones:

    provisional   the service's: the largest score of a reference in a bank of the others
    calibrated    split conformal, by n other good photographs: as many as leave 4 to be tried and make alpha exact
    own copies    what not to do: the largest score of a reference in a bank from which only the very view that is
                  scored is left out, so that its own seven turned copies stay in
    oracle        the largest F1 on the photographs that it is tried on, which nobody has in practice

The promised ones are tried for regions, too: how many good photographs show any region at all, by a threshold of the
largest patch distance. The distances are measured once, into FOLDER.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.engine.verdict.calibration import REGION_STATISTIC
from benchmarks.distance_table import distance_table
from benchmarks.false_alarm_plots import Measured, plot
from benchmarks.machine import measured_with, say
from benchmarks.threshold_trials import PROVISIONAL, Trial, by_chance_above, trials

DRAWS = 200
SHOTS = (4, 8, 16)
COOKIES_SHOTS = (4, 8)
PACKAGES = ("torch", "faiss-gpu", "numpy", "scipy", "opencv-python-headless", "pillow", "timm")
HEAD = """
per threshold: what it promises (mean rate of false alarms, at most); the mean rate of false alarms +- its standard
error over draws, and whether that is within the promise and two errors; the rates of 5 to 95 % of the draws; the mean
share of the defective ones that it finds; how many good photographs set it and how many it was tried on"""


def main() -> None:
    arguments = _arguments()
    say(f"{DRAWS} draws, 448 px, eight rotations, no mask, mean_top1p, robust, CPU, float32")
    say(measured_with(PACKAGES))
    say(HEAD)
    measured: Measured = {}
    for name in arguments.objects:
        for backbone in arguments.backbones:
            table = distance_table(arguments.data, name, backbone, weights=arguments.weights, kept=arguments.out)
            say(f"\n{name}, {backbone}: {table.good} good, {len(table.defective)} defective")
            measured[name, backbone] = []
            for shots in COOKIES_SHOTS if name == "cookies" else SHOTS:
                found = trials(table, shots, DRAWS)
                measured[name, backbone] += found
                _tell(found)
                say("       any region at all (by the largest patch distance):")
                regions = trials(replace(table, statistic=REGION_STATISTIC), shots, DRAWS)
                _tell([trial for trial in regions if trial.promised])
    if arguments.plots:
        plot(measured, arguments.plots)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the distances")
    parser.add_argument("--plots", type=Path, help="folder for the plots; none are drawn where it is not named")
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "transistor", "magnetic_tile"])
    parser.add_argument("--backbones", nargs="+", default=["vit_tiny_patch16_224", "embedded"])
    return parser.parse_args()


def _tell(found: list[Trial]) -> None:
    for trial in found:
        rates = trial.false_alarms
        low, high = np.percentile(rates, [5, 95])
        promise = "" if trial.promised is None else f"{100 * trial.promised.expected_false_alarm_rate:.1f} %"
        kept = "" if trial.promised is None else "kept" if trial.kept else "BROKEN"
        by = "" if trial.promised is None else f"by {trial.promised.good_images:>3}, "
        rate = f"{100 * rates.mean():5.1f} +- {100 * trial.standard_error:3.1f} % {kept:<6}"
        say(
            f"  k={trial.shots:<2} {trial.label:<15} {promise:>6} | {rate} | {100 * low:3.0f} to {100 * high:3.0f} % | "
            f"found {100 * trial.found:5.1f} % | {by}tried on {trial.tested}"
        )
        if trial.label == PROVISIONAL and trial.promised is not None:
            chance = by_chance_above(trial.promised, trial.tested)
            say(
                f"       of the draws, {100 * trial.above_rate_95:.1f} % lie above the rate told with 95 % confidence, "
                f"{100 * trial.promised.false_alarm_rate_95:.0f} % (independent scores: {100 * chance:.1f} %)"
            )


if __name__ == "__main__":
    main()
