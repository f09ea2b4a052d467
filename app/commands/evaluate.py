"""`inspector evaluate` and `inspector compare`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.evaluate_display import evaluation_display
from app.commands.evaluate_options import Given, number_of_shots, refuse_unused
from app.engine.options import Profile
from app.errors import InvalidDataset, InvalidSettings
from app.evaluate.planned.choices import METHODS, PREPROCESS, Ablation, Choices, variants
from app.evaluate.planned.variant import MaskingChoice, Mode, RotationChoice
from app.settings import Settings, load_settings
from app.wording import counted

if TYPE_CHECKING:
    from app.engine.backbone.backbone import Backbone
    from app.evaluate.planned.plan import Shots
    from app.evaluate.runner import Machine

INTERRUPTED = 130
"""Exit status after Ctrl-C."""


@contextmanager
def _interruptible() -> Iterator[None]:
    """Say how to go on after Ctrl-C, be it while torch is still being loaded."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted. Give the same command again to go on.", err=True)
        raise typer.Exit(INTERRUPTED) from None


@_interruptible()
def evaluate(
    data_root: Annotated[Path, typer.Option(help="Folder of the objects, laid out as MVTec-AD or VisA (1-class)")],
    out: Annotated[Path, typer.Option(help="Folder of the evaluation; one that was begun is gone on with")],
    objects: Annotated[list[str] | None, typer.Option(help="Objects to evaluate; all where none is named")] = None,
    shots: Annotated[list[str] | None, typer.Option(help="References of a bank: numbers, or `full`; else 1")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Draws of references for each number; else 1")] = None,
    preprocess: Annotated[
        list[str] | None, typer.Option(help=f"Rotation and masking: {', '.join(PREPROCESS)}; else agnostic")
    ] = None,
    rotation: Annotated[RotationChoice | None, typer.Option(help="Other than `preprocess` says")] = None,
    masking: Annotated[MaskingChoice | None, typer.Option(help="Other than `preprocess` says")] = None,
    smaller_edge: Annotated[
        list[int] | None, typer.Option(min=112, max=1344, help="Image sizes, px; else 448, zero-shot 672")
    ] = None,
    backbone: Annotated[
        list[str] | None, typer.Option(help="Names of `inspector weights list`; else that of the settings")
    ] = None,
    layers: Annotated[
        list[str] | None, typer.Option(help="Of the backbone: 4,8,12 joined, mean:4,8,12 averaged, own; else own")
    ] = None,
    method: Annotated[list[str] | None, typer.Option(help=f"{', '.join(METHODS)}; else anomalydino")] = None,
    coreset: Annotated[
        list[str] | None, typer.Option(help="Rows that a bank keeps: 0.1, 5000, none; else none, of PatchCore 0.1")
    ] = None,
    profile: Annotated[Profile, typer.Option(help="The authors' steps, or the service's")] = "paper",
    statistic: Annotated[
        list[str] | None, typer.Option(help="mean_top1p, max, mean_topk:K, percentile:Q; else mean_top1p")
    ] = None,
    mode: Annotated[Mode, typer.Option(help="With references, or batched without any")] = "few-shot",
    aggregation: Annotated[
        list[str] | None, typer.Option(help="Of zero-shot: quantile (the paper's), musc; else quantile")
    ] = None,
    ablation: Annotated[Ablation | None, typer.Option(help="One choice spread out, as in the paper")] = None,
) -> None:
    """Evaluate on test photographs by the papers' protocol: tables and report.html in OUT.

    An option that may be repeated takes several values: --shots 1 2 4. Device, precision and threads come from the
    settings. What OUT holds already is not done again.
    """
    settings = load_settings()
    given = Given(
        backbone, layers, smaller_edge, preprocess, rotation, masking, statistic, aggregation, method, coreset
    )
    refuse_unused(mode, ablation, given.named() | {"--shots": shots, "--seeds": seeds}, given.methods(ablation))
    choices = given.choices(mode, profile, ablation, lambda: _default_backbone(settings))
    counts = () if mode == "zero-shot" else tuple(map(number_of_shots, shots or ["1"]))
    with _writing(out, "--out"):
        _evaluate(settings, choices, data_root, objects or [], counts, seeds or 1, out)
    typer.echo(f"{out / 'report.html'}  (also report.md, summary.json, summary.csv, metrics_seed=*.json)")


def compare(
    run_a: Annotated[Path, typer.Argument(help="Folder of an evaluation")],
    run_b: Annotated[Path, typer.Argument(help="Folder of another one")],
    html: Annotated[Path | None, typer.Option(help="Write a page as well")] = None,
) -> None:
    """Put two evaluations side by side, with the differences B - A, as Markdown."""
    from app.evaluate.kept.run_folder import load_run, write_text
    from app.evaluate.report.compare import compare_html, compare_markdown

    a, b = (replace(run, title=f"{run.title} ({path})") for path in (run_a, run_b) for run in [load_run(path)])
    typer.echo(compare_markdown(a, b))
    if html:
        with _writing(html, "--html"):
            write_text(html, compare_html(a, b))


@contextmanager
def _writing(path: Path, option: str) -> Iterator[None]:
    """Tell of a file that cannot be written."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise InvalidSettings(
            f"{where} cannot be written: {error.strerror or error}. Make room there, or choose another place: {option}."
        ) from error


def _default_backbone(settings: Settings) -> str:
    """The backbone that a new store would be given: an evaluation asks no store."""
    from app.assembly import resolve_default
    from app.weights.registry import load_registry

    return resolve_default(settings, load_registry(), None)


def _evaluate(
    settings: Settings,
    choices: Choices,
    data_root: Path,
    objects: Sequence[str],
    shots: Sequence["Shots"],
    seeds: int,
    out: Path,
) -> None:
    from app.evaluate.dataset import object_names
    from app.evaluate.environment import environment
    from app.evaluate.kept.results import Run
    from app.evaluate.kept.run_folder import RunFolder, load_run
    from app.evaluate.planned.plan import Plan
    from app.evaluate.planned.tables import known_dataset
    from app.evaluate.report.write import write_report
    from app.evaluate.runner import evaluate as make_rows

    machine = _machine(settings)
    names = tuple(objects or object_names(data_root))
    if any(out.resolve().is_relative_to((data_root / name).resolve()) for name in names):
        raise InvalidSettings(f"{out} lies among the photographs. Choose a folder of its own: --out.")
    found = variants(choices, lambda name: machine.load_backbone(name).precision)
    plan = Plan(data_root, names, found, tuple(shots), seeds)
    about = Run(
        title=known_dataset(names) or data_root.absolute().name,
        asked={
            "data_root": str(data_root),
            "objects": list(names),
            "shots": list(shots),
            "seeds": seeds,
            "variants": [variant.label for variant in found],
        },
        environment=environment(machine.device),
        rows=(),
        skipped=(),
        pictures=(),
        seconds={},
    )
    folder = RunFolder(out)
    if before := len(folder.rows()):
        typer.echo(f"{out} holds {counted(before, 'row')}; what it holds is not made again.", err=True)
    with evaluation_display() as progress:
        make_rows(plan, folder, machine, about, progress)
    run = load_run(out)
    for each in run.skipped:
        typer.echo(f"skipped: {each.reason}", err=True)
    if not run.rows:
        raise InvalidDataset("Nothing could be evaluated: there are too few references. Ask for fewer --shots.")
    write_report(run, out)


def _machine(settings: Settings) -> "Machine":
    from app.assembly import limit_threads, load_backbone, resolve_device
    from app.evaluate.runner import Machine
    from app.weights.registry import load_registry

    registry, device = load_registry(), resolve_device(settings.device)
    threads = limit_threads(settings.threads)

    @lru_cache(maxsize=1)
    def load(name: str) -> "Backbone":
        return load_backbone(registry.spec(name), settings, device)

    return Machine(load, device, threads)
