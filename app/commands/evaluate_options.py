"""The options of `inspector evaluate`: several values behind one name, and what may not stand together."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from typer.core import TyperCommand

from app.errors import InvalidSettings
from app.evaluate.planned.choices import METHODS, Ablation
from app.evaluate.planned.variant import Method, Mode

if TYPE_CHECKING:
    from app.evaluate.planned.plan import Shots

Name = TypeVar("Name", bound=str)

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
