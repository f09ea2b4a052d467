"""The options of `inspector evaluate`: several values behind one name, and what may not stand together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from typer.core import TyperCommand

from app.engine.options import Profile, ZeroShotAggregation
from app.errors import InvalidSettings
from app.evaluate.planned.choices import METHODS, Ablation, Choices, Preprocess, ablated
from app.evaluate.planned.layers import OWN
from app.evaluate.planned.variant import MaskingChoice, Method, Mode, RotationChoice

if TYPE_CHECKING:
    from app.evaluate.planned.plan import Shots

Name = TypeVar("Name", bound=str)

SMALLER_EDGE: dict[Mode, int] = {"few-shot": 448, "zero-shot": 672}

UNUSED: dict[Mode, tuple[str, ...]] = {
    "few-shot": ("--aggregation",),
    "zero-shot": ("--shots", "--seeds", "--rotation", "--method", "--coreset"),
}
SPREAD: dict[Ablation, tuple[str, ...]] = {
    "preprocessing": ("--preprocess", "--rotation", "--masking"),
    "resolution": ("--smaller-edge",),
    "backbone": ("--backbone",),
    "statistic": ("--statistic",),
    "imagenet-vit": ("--backbone",),
    "method": ("--method",),
}
"""The options that an ablation takes over."""


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


USED_BY: dict[str, tuple[Method, ...]] = {
    "--statistic": ("anomalydino",),
    "--preprocess": ("anomalydino",),
    "--rotation": ("anomalydino", "patchcore"),
    "--masking": ("anomalydino", "patchcore"),
    "--coreset": ("anomalydino", "patchcore"),
}
"""The options that not every method looks at."""


def refuse_unused(
    mode: Mode, ablation: Ablation | None, given: Mapping[str, object], methods: Sequence[Method] = METHODS
) -> None:
    """Refuse what would be ignored."""
    unused = [(option, f"in the mode {mode}") for option in UNUSED[mode]]
    if ablation:
        unused += [(option, f"with --ablation {ablation}, which sets it itself") for option in SPREAD[ablation]]
    unused += [
        (option, f"with --method {' '.join(methods)}")
        for option, using in USED_BY.items()
        if not set(using) & set(methods)
    ]
    if mode == "zero-shot" and ablation == "method":
        raise InvalidSettings("--ablation method means nothing in the mode zero-shot. Leave it out.")
    for option, where in unused:
        if given[option] is not None:
            raise InvalidSettings(f"{option} means nothing {where}. Leave it out.")


def known_values(option: str, given: Sequence[str], known: tuple[Name, ...]) -> list[Name]:
    """The values of an option that the command line parser does not check: those of a list."""
    named = {str(each): each for each in known}
    for value in given:
        if value not in named:
            raise InvalidSettings(f"{option} {value!r}: choose among {', '.join(named)}.")
    return [named[value] for value in given]


def number_of_shots(written: str) -> "Shots":
    if written == "full":
        return "full"
    if not written.isascii() or not written.isdigit() or int(written) < 1:
        raise InvalidSettings(f"--shots {written!r}: write numbers from 1 on, or `full` for all references there are.")
    return int(written)


@dataclass(frozen=True, slots=True)
class Given:
    """The options that make variants, as they were given: None where one was left out."""

    backbone: list[str] | None
    layers: list[str] | None
    smaller_edge: list[int] | None
    preprocess: list[str] | None
    rotation: RotationChoice | None
    masking: MaskingChoice | None
    statistic: list[str] | None
    aggregation: list[str] | None
    method: list[str] | None
    coreset: list[str] | None

    def named(self) -> dict[str, object]:
        """By the names of the options."""
        return {f"--{field.name.replace('_', '-')}": getattr(self, field.name) for field in fields(self)}

    def methods(self, ablation: Ablation | None) -> Sequence[Method]:
        """Those that are evaluated."""
        given = known_values("--method", self.method or ["anomalydino"], METHODS)
        return METHODS if ablation == "method" else given

    def choices(
        self, mode: Mode, profile: Profile, ablation: Ablation | None, default_backbone: Callable[[], str]
    ) -> Choices:
        """What was left out takes its default. InvalidSettings for a value that there is not."""
        aggregations = known_values("--aggregation", self.aggregation or ["quantile"], get_args(ZeroShotAggregation))
        asked = Choices(
            mode=mode,
            backbones=self.backbone or [default_backbone()],
            smaller_edges=self.smaller_edge or [SMALLER_EDGE[mode]],
            preprocess=known_values("--preprocess", self.preprocess or ["agnostic"], get_args(Preprocess)),
            rotation=self.rotation,
            masking=self.masking,
            profile=profile,
            statistics=self.statistic or ["mean_top1p"],
            aggregations=aggregations,
            layers=self.layers or [OWN],
            methods=self.methods(ablation),
            coresets=self.coreset,
        )
        return ablated(asked, ablation) if ablation else asked
