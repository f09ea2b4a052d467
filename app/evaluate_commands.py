"""`inspector evaluate` and `inspector compare`."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

import typer
from typer.core import TyperCommand

from app.engine.options import Profile, ZeroShotAggregation
from app.errors import InvalidSettings
from app.evaluate.choices import PREPROCESS, Ablation, Choices, Preprocess, ablated, variants
from app.evaluate.results import MaskingChoice, Mode, RotationChoice
from app.evaluate_display import evaluation_display
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.engine.backbone.backbone import Backbone
    from app.evaluate.plan import Shots
    from app.evaluate.runner import Machine

Name = TypeVar("Name", bound=str)

SMALLER_EDGE: dict[Mode, int] = {"few-shot": 448, "zero-shot": 672}


class SeveralValues(TyperCommand):
    """A command whose options may take several values behind one name: `--shots 1 2 4`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        repeated = {name for each in self.params if getattr(each, "multiple", False) for name in each.opts}
        return super().parse_args(ctx, one_by_one(args, repeated))


def one_by_one(args: Sequence[str], repeated: set[str]) -> list[str]:
    """`--shots 1 2` as `--shots 1 --shots 2`, for the options named in `repeated`."""
    spread: list[str] = []
    option = ""
    for argument in args:
        follows_option = bool(spread) and spread[-1] == option
        if argument.startswith("--"):
            option = argument
        elif option in repeated and not follows_option:
            spread.append(option)
        spread.append(argument)
    return spread


def evaluate(
    data_root: Annotated[Path, typer.Option(help="Folder of the objects, laid out as MVTec-AD or VisA (1-class)")],
    out: Annotated[Path, typer.Option(help="Folder of the evaluation; one that was begun is gone on with")],
    objects: Annotated[list[str] | None, typer.Option(help="Objects to evaluate; all where none is named")] = None,
    shots: Annotated[list[str] | None, typer.Option(help="References of a bank: numbers, or `full`; else 1")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of references for each number of shots")] = 1,
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
    asked = Choices(
        mode=mode,
        backbones=backbone or [_default_backbone(settings)],
        smaller_edges=smaller_edge or [SMALLER_EDGE[mode]],
        preprocess=_known("--preprocess", preprocess or ["agnostic"], get_args(Preprocess)),
        rotation=rotation,
        masking=masking,
        profile=profile,
        statistics=statistic or ["mean_top1p"],
        aggregations=_known("--aggregation", aggregation or ["quantile"], get_args(ZeroShotAggregation)),
    )
    choices = ablated(asked, ablation) if ablation else asked
    counts = () if mode == "zero-shot" else tuple(map(_shots, shots or ["1"]))
    _evaluate(settings, choices, data_root, objects or [], counts, seeds, out)
    typer.echo(f"{out / 'report.html'}  (also report.md, summary.json, summary.csv, metrics_seed=*.json)")


def compare(
    run_a: Annotated[Path, typer.Argument(help="Folder of an evaluation")],
    run_b: Annotated[Path, typer.Argument(help="Folder of another one")],
    html: Annotated[Path | None, typer.Option(help="Write a page as well")] = None,
) -> None:
    """Put two evaluations side by side, with the differences B - A, as Markdown."""
    from app.evaluate.report.compare import compare_html, compare_markdown
    from app.evaluate.run_folder import load_run

    a, b = load_run(run_a), load_run(run_b)
    typer.echo(compare_markdown(a, b))
    if html:
        html.write_text(compare_html(a, b))


def _known(option: str, given: Sequence[str], known: tuple[Name, ...]) -> list[Name]:
    """The values of an option that the command line parser does not check: those of a list."""
    named = {str(each): each for each in known}
    for value in given:
        if value not in named:
            raise InvalidSettings(f"{option} {value!r}: choose among {', '.join(named)}.")
    return [named[value] for value in given]


def _shots(written: str) -> "Shots":
    if written == "full":
        return "full"
    if not written.isascii() or not written.isdigit() or int(written) < 1:
        raise InvalidSettings(f"--shots {written!r}: write numbers from 1 on, or `full` for all references there are.")
    return int(written)


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
    from app.evaluate.plan import Plan
    from app.evaluate.report.write import write_report
    from app.evaluate.results import Run
    from app.evaluate.run_folder import RunFolder, load_run
    from app.evaluate.runner import evaluate as make_rows
    from app.evaluate.tables import known_dataset

    machine = _machine(settings)
    names = tuple(objects or object_names(data_root))
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
    with evaluation_display() as progress:
        make_rows(plan, RunFolder(out), machine, about, progress)
    write_report(load_run(out), out)


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
