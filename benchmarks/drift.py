"""Is drift told where nothing drifts, and after how many images where something does?

    python -m benchmarks.drift DATA_ROOT --weights FOLDER [--objects …] [--backbones …]

1. Stationary productions, simulated: runs of 1,000 images whose six quantities are drawn independently of each other
   (a shift is common to all); printed is the share of runs in which anything is ever told. *In turn*: 250 images
   of one shift, then 250 of the other, and so on; the good images are of either.
2. The same with photographs of DATA_ROOT (laid out as MVTec-AD): up to 24 good ones of each object, at 224 px, eight
   rotations, masks as the masking test says; what is longer than 4:3 is cut to that. n up to 16: references, drawn from
   them, compared with each other; the run is drawn from the others, with replacement. n = 32 and 99: calibration
   images, drawn from the same ones as the run, with 8 references.
3. The photographs of a run change from one image on. Printed: how many times as large the median distance becomes, and
   for 4, 8 and 16 references, in how many of the runs the change is told within 100 images; after how many images
   (median and 95 % of those that are told); which quantities are told first, and in how many runs. Changes: the light
   times a factor, Gaussian blur of σ px (at a shorter side of 448 px), a shift to the right by a share of the width.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np

from app.assembly import limit_threads, load_backbone
from app.engine.verdict.drift import WINDOW, DriftWindow, Quantities, QuantityName
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.drift_photographs import CHANGES, EDGE, UNCHANGED, Photographs, photographs
from benchmarks.drift_runs import (
    GOOD_IMAGES,
    IMAGES,
    PRODUCTIONS,
    RUNS,
    Values,
    alarm_rates,
    baseline_of,
    rolling_medians,
    told,
)
from benchmarks.machine import measured_with, say

PACKAGES = ("torch", "faiss-gpu", "numpy", "opencv-python-headless", "pillow", "timm")
PHOTOGRAPH_RUNS = 250
REFERENCES = (4, 8, 16)
CALIBRATED_REFERENCES = 8
STREAMS, CHANGED_IMAGES = 40, 100

Outcomes = dict[tuple[str, int], list[tuple[int, Sequence[QuantityName]]]]
"""Of each run with a change and so many references: as `_told_after`."""


def main() -> None:
    arguments = _arguments()
    limit_threads(0)
    say(measured_with(PACKAGES))
    counts = "".join(f"{f'n={count}':>9}" for count in GOOD_IMAGES)
    say(f"\nruns with any drift told, of {RUNS} stationary runs of {IMAGES} images\n{'':<37}{counts}")
    for number, production in enumerate(PRODUCTIONS):
        rates = alarm_rates(production, np.random.default_rng(number))
        say(f"{production.name:<37}" + "".join(f"{100 * rate:>7.2f} %" for rate in rates.values()))
    say(f"\nphotographs, {EDGE} px, eight rotations; {PHOTOGRAPH_RUNS} stationary runs each")
    settings = load_settings(weights_dir=arguments.weights, device="cpu", precision="float32")
    measured: dict[str, Photographs] = {}
    for backbone in arguments.backbones:
        loaded = load_backbone(load_registry().spec(backbone), settings, "cpu")
        for name in arguments.objects:
            label = f"{name}, {backbone}"
            measured[label] = photographs(arguments.data, name, loaded)
            _say_stationary(label, measured[label])
    for backbone in arguments.backbones:
        together: Outcomes = {}
        for name in arguments.objects:
            taken = measured[f"{name}, {backbone}"]
            say(f"\n{name}, {backbone}: {taken.pool} good photographs, {'masked' if taken.masked else 'no mask'}")
            for case, found in _say_changes(taken).items():
                together[case] = [*together.get(case, ()), *found]
        say(f"\nall of them, {backbone}")
        for change in (UNCHANGED, *CHANGES):
            say(_line(f"{change:<20}", change, together))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--objects", nargs="+", default=["cookies", "hazelnut", "transistor", "magnetic_tile"])
    parser.add_argument("--backbones", nargs="+", default=["vit_tiny_patch16_224", "embedded"])
    return parser.parse_args()


def _say_stationary(label: str, taken: Photographs) -> None:
    random = np.random.default_rng(0)
    rates = []
    for count in GOOD_IMAGES:
        alarms = sum(bool(_told_in_stationary_run(taken, count, random)) for _ in range(PHOTOGRAPH_RUNS))
        rates.append(alarms / PHOTOGRAPH_RUNS)
    say(f"{label:<37}" + "".join(f"{100 * rate:>7.2f} %" for rate in rates))


def _told_in_stationary_run(taken: Photographs, count: int, random: np.random.Generator) -> Sequence[QuantityName]:
    calibrated = count > max(REFERENCES)
    references, others = _drawn(taken, CALIBRATED_REFERENCES if calibrated else count, random)
    inspected = _values(taken.inspected(each, UNCHANGED, references) for each in others)
    good = _values(taken.references(references))
    if calibrated:
        good = inspected[:, random.integers(0, len(others), count)]
    return told(rolling_medians(inspected[:, random.integers(0, len(others), IMAGES)]), good)


def _drawn(taken: Photographs, count: int, random: np.random.Generator) -> tuple[list[int], list[int]]:
    """References, and the others."""
    order = random.permutation(taken.pool).tolist()
    return order[:count], order[count:]


def _values(images: Iterator[Quantities] | Sequence[Quantities]) -> Values:
    return np.array([astuple(each) for each in images]).T


def _say_changes(taken: Photographs) -> Outcomes:
    outcomes: Outcomes = {}
    for change in (UNCHANGED, *CHANGES):
        random = np.random.default_rng(1)
        for count in REFERENCES:
            outcomes[change, count] = [_told_after(taken, change, count, random) for _ in range(STREAMS)]
        say(_line(f"{change:<13} x {_distance_factor(taken, change):4.2f}", change, outcomes))
    return outcomes


def _line(head: str, change: str, outcomes: Outcomes) -> str:
    cells = []
    for count in REFERENCES:
        found = outcomes[change, count]
        after = [images for images, _ in found if images]
        first = Counter(quantity for _, quantities in found for quantity in quantities)
        times = f"{np.median(after):3.0f} {np.percentile(after, 95):3.0f}" if after else "  -   -"
        by = ", ".join(f"{name.split('_')[0]} {number}" for name, number in first.most_common())
        cells.append(f"k={count}: {len(after):>3}/{len(found)} {times}  {by:<30}")
    return f"  {head}  {' | '.join(cells)}".rstrip()


def _distance_factor(taken: Photographs, change: str) -> float:
    """How many times as large a photograph's median distance to all others becomes, median over the photographs."""
    factors = []
    for each in range(taken.pool):
        others = [other for other in range(taken.pool) if other != each]
        before, after = (taken.inspected(each, looks, others).median_distance for looks in (UNCHANGED, change))
        factors.append(after / before)
    return float(np.median(factors))


def _told_after(
    taken: Photographs, change: str, count: int, random: np.random.Generator
) -> tuple[int, Sequence[QuantityName]]:
    """After how many changed images, 0 for never, and by which quantities."""
    references, others = _drawn(taken, count, random)
    baseline = baseline_of(_values(taken.references(references)))
    usual, changed = ([taken.inspected(each, looks, references) for each in others] for looks in (UNCHANGED, change))
    window = DriftWindow()
    for each in random.integers(0, len(others), WINDOW):
        window.add(usual[each])
    for number, each in enumerate(random.integers(0, len(others), CHANGED_IMAGES), start=1):
        window.add(changed[each])
        if found := window.drifted(baseline):
            return number, [drift.quantity for drift in found]
    return 0, ()


if __name__ == "__main__":
    main()
