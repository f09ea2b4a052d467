"""What do a 1-shot registration and an inspection cost, stage by stage, and against the authors' own steps?

    python -m benchmarks.first_request [--authors ANOMALYDINO --dinov2 DINOV2] [--engine auto] [--rounds 7]
    python -m benchmarks.first_request --device cuda --precision bfloat16

ANOMALYDINO and DINOV2 are checkouts of the authors' code; without them only our own steps are timed. DINOv2 ViT-S/14
with random weights (speed does not depend on them, and both sides get the same) at 448, eight rotations. Rounds are
interleaved: ours, theirs, ours, ... each side in a process of its own. The first round warms up and is not counted.

What is timed: from the file to the score and the heatmap. Not HTTP, not the store. The mask is computed, but every
patch is searched: what random weights call foreground means nothing. Ours also tests and previews the mask when it
registers. Theirs writes the map as their evaluation does (`map files`: .npy and TIFF at the photograph's size) and
draws it as their figures do (`heatmap`: one 200 px cell by matplotlib).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image as PillowImage

from app.evaluate.environment import ROOT
from benchmarks.machine import measured_with, say
from benchmarks.side import Job, Outcome, Side, Work

STAGES = (
    "decode", "rotate", "preprocess", "backbone", "mask", "bank", "search", "score and map", "heatmap", "map files",
)  # fmt: skip
WORKS: Mapping[Work, str] = {
    "register": "Registration of one reference, eight rotations",
    "inspect": "Inspection of one photograph, heatmap included",
}
PHOTOGRAPH_SIDE_PX = 1024
JPEG_QUALITY = 92
ENCODER_GFLOP = 63.4
SEARCH_GFLOP = 6.4
PACKAGES = ("numpy", "torch", "timm", "faiss-gpu", "opencv-python-headless", "pillow", "scipy")
CEILING = "{:<24}{:>10}{:>12}{:>11}{:>29}"
LINE = "{:<30}{:>9}{:>9}{:>8}   {:>9}{:>9}{:>8}"


def main() -> None:
    arguments = _arguments()
    if arguments.threads:
        os.environ |= {name: str(arguments.threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    say(__doc__.splitlines()[0] if __doc__ else "")
    say(measured_with(PACKAGES))
    with tempfile.TemporaryDirectory() as folder:
        job = _job(arguments, Path(folder))
        say(
            f"DINOv2 ViT-S/14 with random weights, {job.smaller_edge} px, {job.precision}, {job.device}, "
            f"ours by {job.engine}; "
            f"{_named(arguments.threads)}; load {os.getloadavg()[0]:.1f} at the start"
        )
        outcomes = _rounds(job, arguments.rounds)
    for work, title in WORKS.items():
        _say_table(title, {side: each[work] for side, each in outcomes.items()})
    _say_agreement(outcomes)
    _say_ceilings(job.device)
    say(f"\nload {os.getloadavg()[0]:.1f} at the end")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--authors", type=Path, help="checkout of AnomalyDINO")
    parser.add_argument("--dinov2", type=Path, help="checkout of DINOv2")
    parser.add_argument("--reference", type=Path, help="photograph of a good part; default: the sample product's")
    parser.add_argument("--test", type=Path, help="photograph to inspect; default: the sample product's")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--engine", default="torch", choices=["torch", "auto"], help="of ours; auto: what serves")
    parser.add_argument("--threads", type=int, default=0, help="0: the libraries' defaults")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    if (arguments.authors is None) != (arguments.dinov2 is None):
        parser.error("--authors and --dinov2 belong together")
    return arguments


def _named(threads: int) -> str:
    return "threads as the libraries choose" if threads == 0 else f"threads: {threads}"


def _job(arguments: argparse.Namespace, folder: Path) -> Job:
    sample = ROOT / "app" / "demo" / "sample"
    return Job(
        reference=arguments.reference or enlarged(sample / "train" / "good" / "reference_01.jpg", folder),
        test=arguments.test or enlarged(sample / "test" / "dent" / "defect_dent_01.jpg", folder),
        folder=folder,
        smaller_edge=448,
        device=arguments.device,
        precision=arguments.precision,
        threads=arguments.threads,
        engine=arguments.engine,
        authors=arguments.authors and arguments.authors.resolve(),
        dinov2=arguments.dinov2 and arguments.dinov2.resolve(),
    )


def enlarged(path: Path, folder: Path) -> Path:
    """A JPEG of a camera's size: the sample product's pictures are small."""
    side = (PHOTOGRAPH_SIDE_PX, PHOTOGRAPH_SIDE_PX)
    with PillowImage.open(path) as picture:
        picture.resize(side, PillowImage.Resampling.BICUBIC).save(folder / path.name, quality=JPEG_QUALITY)
    return folder / path.name


Outcomes = dict[str, dict[Work, list[Outcome]]]


def _rounds(job: Job, rounds: int) -> Outcomes:
    """Outcomes per side and work, the warming-up round left out."""
    sides = {"ours": Side("benchmarks.our_steps", job)}
    if job.authors:
        sides["theirs"] = Side("benchmarks.authors_steps", job)
    done: Outcomes = {name: {work: [] for work in WORKS} for name in sides}
    for _ in range(rounds + 1):
        for work in WORKS:
            for name, side in sides.items():
                done[name][work].append(side.do(work))
    for side in sides.values():
        side.close()
    return {name: {work: all_of[1:] for work, all_of in works.items()} for name, works in done.items()}


def _say_table(title: str, outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    rounds = len(outcomes["ours"])
    say(f"\n{title}: medians of {rounds} rounds, ms")
    say(LINE.format("", "wall", "", "", "processor", "", ""))
    say(LINE.format("stage", *["ours", "theirs", "ratio"] * 2).rstrip())
    for stage in STAGES:
        if any(stage in outcome.stages for runs in outcomes.values() for outcome in runs):
            _say_line(stage, outcomes, (stage,))
    _say_line("total", outcomes, STAGES)
    _say_line("total without pictures, files", outcomes, STAGES[:-2])


def _say_line(name: str, outcomes: Mapping[str, Sequence[Outcome]], stages: Sequence[str]) -> None:
    columns: list[str] = []
    for clock in ("wall_ms", "cpu_ms"):
        took = [_median(outcomes.get(side, ()), stages, clock) for side in ("ours", "theirs")]
        ours, theirs = took
        columns += ["" if each is None else f"{each:.1f}" for each in took]
        columns.append(f"{theirs / ours:.2f}" if ours and theirs else "")
    say(LINE.format(name, *columns).rstrip())


def _median(runs: Sequence[Outcome], stages: Sequence[str], clock: str) -> float | None:
    """Median over the rounds of the stages' sum; None where that side has none of these stages."""
    sums = [
        sum(getattr(run.stages[stage], clock) for stage in stages if stage in run.stages)
        for run in runs
        if any(stage in run.stages for stage in stages)
    ]
    return statistics.median(sums) if sums else None


def _say_agreement(outcomes: Outcomes) -> None:
    for name, works in outcomes.items():
        rows, score = works["register"][0].result, works["inspect"][0].result
        say(f"{'' if name != 'ours' else chr(10)}{name}: bank of {rows:.0f} rows, image score {score:.6f}")


def _say_ceilings(device: str) -> None:
    say("\nCeilings: best matrix product (1024 × 1536 × 1536); floors: the encoder and the search at that rate")
    say(CEILING.format("", "GFLOP/s", "encoder ms", "search ms", "GFLOP per processor second"))
    for name, rates in _measured("gemm", device).items():
        by_wall, by_processor = rates
        floors_ms = [f"{1000 * work / by_wall:.1f}" for work in (ENCODER_GFLOP, SEARCH_GFLOP)]
        say(CEILING.format(name, f"{by_wall:.0f}", *floors_ms, f"{by_processor:.0f}"))
    say("\nFAISS flat search on the CPU, 1,024 queries against 8,192 rows of 384, best ms")
    say(CEILING.format("OPENBLAS_CORETYPE", "wall", "processor", "", "").rstrip())
    for what, title in (("search", "as the service sets it"), ("search-untold", "not set")):
        wall_ms, cpu_ms = _measured(what, "cpu")["search"]
        say(CEILING.format(title, f"{wall_ms:.1f}", f"{cpu_ms:.1f}", "", "").rstrip())


def _measured(what: str, device: str) -> dict[str, tuple[float, float]]:
    asked = [sys.executable, "-m", "benchmarks.ceilings", what, device]
    answer = subprocess.run(asked, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return {str(name): (float(wall), float(cpu)) for name, (wall, cpu) in json.loads(answer).items()}


if __name__ == "__main__":
    main()
