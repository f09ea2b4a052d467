"""How much faster than the authors' steps, and than anomalib, is an inspection over HTTP?

    MALLOC_MMAP_THRESHOLD_=65536 python -m benchmarks.peers \\
        [--authors ANOMALYDINO --dinov2 DINOV2] [--rounds 9] [--threads 0]

ANOMALYDINO and DINOV2 are checkouts of the authors' code; anomalib is measured where it is installed beside this
project (pip install --no-deps, and what it asks for). Same photograph (JPEG, 1024 × 1024 px), same random weights,
448 px, one reference in eight rotations; each side in a process of its own, in turns. The first round is not counted.

AnomalyDINO: DINOv2 ViT-S/14, 8,192 rows. PatchCore: ResNet-18, layers 2 and 3, a tenth of the rows, as each of them
has it (56 × 56 patches). What is timed: ours from the first byte sent to the last of the answer, heatmap included;
theirs from the file to the picture. `alone`: without the picture and the files. Without the setting, anomalib's
selection of rows fragments the memory.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from app.evaluate.environment import ROOT
from benchmarks.first_request import enlarged
from benchmarks.machine import measured_with, say
from benchmarks.peer_weights import ANOMALYDINO, PATCHCORE, write_weights
from benchmarks.side import Job, Outcome, Side

PACKAGES = ("anomalib", "openvino", "torch", "timm", "faiss-gpu", "numpy", "opencv-python-headless")
PICTURE = ("heatmap", "map files")
WITHIN = ("network", *PICTURE)
LINE = "{:<28}{:>10}{:>10}{:>10}{:>12}{:>12}"
OURS = "this service, HTTP"


@dataclass(frozen=True, slots=True)
class Contender:
    """Who does it by which method, in which module of steps."""

    name: str
    method: str
    module: str


def main() -> None:
    arguments = _arguments()
    contenders = [Contender(OURS, ANOMALYDINO, "benchmarks.our_service")]
    if arguments.authors:
        contenders.append(Contender("the authors' steps", ANOMALYDINO, "benchmarks.authors_steps"))
    if find_spec("anomalib"):
        contenders.append(Contender("anomalib AnomalyDINO", ANOMALYDINO, "benchmarks.anomalib_steps"))
        contenders.append(Contender(OURS, PATCHCORE, "benchmarks.our_service"))
        contenders.append(Contender("anomalib PatchCore", PATCHCORE, "benchmarks.anomalib_steps"))
    say(measured_with(PACKAGES))
    say(f"threads: {arguments.threads or 'as the libraries choose'}; load {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        write_weights(folder)
        outcomes = _rounds(_job(arguments, folder), contenders, arguments.rounds)
    for method in (ANOMALYDINO, PATCHCORE):
        _say_table(method, {each.name: outcomes[each] for each in contenders if each.method == method})
    say(f"\nload {os.getloadavg()[0]:.1f} at the end")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--authors", type=Path, help="checkout of AnomalyDINO")
    parser.add_argument("--dinov2", type=Path, help="checkout of DINOv2")
    parser.add_argument("--threads", type=int, default=0, help="0: as the libraries choose")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    if (arguments.authors is None) != (arguments.dinov2 is None):
        parser.error("--authors and --dinov2 belong together")
    return arguments


def _job(arguments: argparse.Namespace, folder: Path) -> Job:
    sample = ROOT / "app" / "demo" / "sample"
    return Job(
        reference=enlarged(sample / "train" / "good" / "reference_01.jpg", folder),
        test=enlarged(sample / "test" / "dent" / "defect_dent_01.jpg", folder),
        folder=folder,
        smaller_edge=448,
        device="cpu",
        precision="float32",
        threads=arguments.threads,
        authors=arguments.authors and arguments.authors.resolve(),
        dinov2=arguments.dinov2 and arguments.dinov2.resolve(),
    )


def _rounds(job: Job, contenders: Sequence[Contender], rounds: int) -> dict[Contender, list[Outcome]]:
    sides: dict[Contender, Side] = {}
    done: dict[Contender, list[Outcome]] = {each: [] for each in contenders}
    try:
        for each in contenders:
            sides[each] = Side(each.module, replace(job, engine=each.method))
            registered = sides[each].do("register")
            say(f"{each.name}, {each.method}: {registered.result:.0f} rows after {_total_ms(registered) / 1000:.1f} s")
        for _ in range(rounds + 1):
            for each, side in sides.items():
                done[each].append(side.do("inspect"))
    finally:
        for side in sides.values():
            side.close()
    return {each: outcomes[1:] for each, outcomes in done.items()}


def _total_ms(outcome: Outcome, without: Sequence[str] = ("network",)) -> float:
    return sum(spent.wall_ms for stage, spent in outcome.stages.items() if stage not in without)


def _say_table(method: str, outcomes: dict[str, list[Outcome]]) -> None:
    if not outcomes:
        return
    say(f"\n{method}: an inspection, ms by the wall clock, {len(outcomes[OURS])} rounds in turns")
    say(LINE.format("", "median", "least", "alone", "× of ours", "score"))
    ours = statistics.median(map(_total_ms, outcomes[OURS]))
    for name, runs in outcomes.items():
        times, alone = [_total_ms(run) for run in runs], [_total_ms(run, WITHIN) for run in runs]
        middle = statistics.median(times)
        score = f"{runs[0].result:.6f}"
        numbers = [f"{each:.0f}" for each in (middle, min(times), statistics.median(alone))]
        say(LINE.format(name, *numbers, f"{middle / ours:.2f}", score))
    network = statistics.median(run.stages["network"].wall_ms for run in outcomes[OURS])
    say(f"of ours, the network took {network:.0f} ms: the whole is {ours / network:.2f} × that")


if __name__ == "__main__":
    main()
