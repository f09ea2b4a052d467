"""A product's settings as the user writes them, checked key by key."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any, get_args

from app.engine.methods.known import METHODS
from app.engine.options import (
    FULL_BIT_DEPTH,
    KeepPictures,
    LayersJoin,
    ManualThreshold,
    Masking,
    MethodName,
    ProductSettings,
    Profile,
    Rotation,
    Statistic,
    StatisticName,
)
from app.engine.verdict.scoring import MOST_UNMOVED, unmoved_share
from app.errors import InvalidSettings
from app.service.banks.masking_policy import masking_applies
from app.service.products.numbers import number_between, whole_number
from app.service.products.searched_rows import coreset, near_or_anywhere, require_unrotated
from app.storage.documents import BankManifest

SMALLEST_EDGE_PX, LARGEST_EDGE_PX = 112, 1344
SHALLOWEST_BITS = 8
SMALLEST_ALPHA, LARGEST_ALPHA = 0.001, 0.5
SMALLEST_PERCENTILE = 100 * (1 - MOST_UNMOVED)
LARGEST_THRESHOLD = 1e6
"""Of a method whose distances have no limit."""

_CHOICES = {
    "rotation": get_args(Rotation),
    "masking": get_args(Masking),
    "profile": get_args(Profile),
    "method": get_args(MethodName),
    "layers_join": get_args(LayersJoin),
    "keep_pictures": get_args(KeepPictures),
}


class Unset(Enum):
    """A field that a change leaves as it is."""

    UNSET = "unset"


UNSET = Unset.UNSET


def merged(settings: ProductSettings, changes: Mapping[str, Any]) -> ProductSettings:
    """The settings with some keys changed; `"statistic": "max"` is short for `{"name": "max"}`.

    Raises:
        InvalidSettings: an unknown key or a wrong value; the message names it and says what is allowed.
    """
    _refuse_unknown(changes, ProductSettings, "settings")
    checked = {key: _checked(key, value) for key, value in changes.items()}
    changed = replace(settings, **checked)
    if changed.method != settings.method and "statistic" not in changes:
        changed = replace(changed, statistic=Statistic(METHODS[changed.method].statistics[0]))
    if changed.threshold and "threshold" not in changes and _scoring(changed) != _scoring(settings):
        raise InvalidSettings(
            "method, statistic, masking and profile change what a score means, and this product has a threshold of "
            "your own. Send `threshold` with it: null, or one that was chosen by the new scores."
        )
    _check_method(changed)
    require_unrotated(changed)
    return changed


def require_known_version(settings: ProductSettings, latest: int) -> None:
    """InvalidSettings for a threshold that cannot have been chosen by anybody's scores yet."""
    if settings.threshold and settings.threshold.bank_version > latest:
        raise InvalidSettings(
            f"threshold.bank_version: there is no version {settings.threshold.bank_version} yet, the latest is "
            f"{latest}. Name the one whose scores the threshold was chosen by."
        )


def require_seeing_statistic(settings: ProductSettings, before: ProductSettings, active: BankManifest | None) -> None:
    """InvalidSettings for a change to a statistic that, by the foregrounds of the references, sees no defect."""
    changed = _scoring(settings) != _scoring(before)
    if not changed or active is None or not active.references or not masking_applies(settings, active.masking):
        return
    fraction = max(entry.foreground_fractions[0] for entry in active.references)
    if unmoved_share(settings.statistic, fraction) > MOST_UNMOVED:
        raise InvalidSettings(
            f"statistic.q: with the background masked, {100 * (1 - fraction):.0f} % of the patches count as 0: this "
            "percentile stays where it is while more than a tenth of the part is defective. Give "
            f"{100 * (1 - MOST_UNMOVED * fraction):.1f} or more, or foreground_only."
        )


def network(settings: ProductSettings) -> object:
    """What makes features and may not be there: the backbone and its layers, and the method that uses them."""
    return settings.backbone, settings.layers, settings.layers_join, settings.method


def _scoring(settings: ProductSettings) -> object:
    """What changes what a score means."""
    return settings.method, settings.statistic, settings.masking, settings.profile


def _check_method(settings: ProductSettings) -> None:
    """InvalidSettings for what the method does not know."""
    method = METHODS[settings.method]
    if settings.statistic.name not in method.statistics:
        raise InvalidSettings(
            f"statistic: {settings.method} scores an image by {', '.join(method.statistics)}, not by "
            f"{settings.statistic.name}. Leave the statistic out, or choose another method."
        )
    if settings.threshold and method.largest_distance and settings.threshold.value > method.largest_distance:
        raise InvalidSettings(
            f"threshold.value: no distance of {settings.method} is larger than {method.largest_distance:g}."
        )


def _checked(key: str, value: Any) -> Any:
    if key == "smaller_edge":
        return whole_number(key, value, SMALLEST_EDGE_PX, LARGEST_EDGE_PX)
    if key == "statistic":
        return _statistic(value)
    if key == "bit_depth":
        return value if value == "auto" else whole_number(key, value, SHALLOWEST_BITS, FULL_BIT_DEPTH)
    if key in ("pinned", "commissioning"):
        return _yes_or_no(key, value)
    if key == "alpha":
        return number_between(key, value, SMALLEST_ALPHA, LARGEST_ALPHA)
    if key == "search":
        return near_or_anywhere(value)
    if key in _OR_NULL:
        return None if value is None else _OR_NULL[key](value)
    if key in _CHOICES and value not in _CHOICES[key]:
        raise InvalidSettings(f"{key}: {value!r} is not one of {', '.join(_CHOICES[key])}.")
    if not isinstance(value, str):
        raise InvalidSettings(f"{key}: {value!r} is not a name.")
    return value


def _layers(value: Any) -> tuple[int, ...]:
    numbers = isinstance(value, list | tuple) and all(type(each) is int and each > 0 for each in value)
    if not numbers or not value or list(value) != sorted(set(value)):
        raise InvalidSettings(
            f"layers: {value!r} is neither null nor a list of layers, counted from 1, ascending: [4, 8, 12]."
        )
    return tuple(value)


def _threshold(value: Any) -> ManualThreshold:
    if not isinstance(value, Mapping) or set(value) != {"value", "bank_version"}:
        raise InvalidSettings(
            "threshold: give null, or the threshold and the bank version whose scores it was chosen by: "
            '{"value": 0.31, "bank_version": 7}.'
        )
    version = value["bank_version"]
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InvalidSettings(f"threshold.bank_version: {version!r} is not a whole number from 1 on.")
    return ManualThreshold(number_between("threshold.value", value["value"], 0, LARGEST_THRESHOLD), version)


def _statistic(value: Any) -> Statistic:
    given = {"name": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise InvalidSettings('statistic: give a name or an object such as {"name": "mean_topk", "k": 20}.')
    _refuse_unknown(given, Statistic, "statistic")
    statistic = Statistic(**given)
    if statistic.name not in get_args(StatisticName):
        raise InvalidSettings(f"statistic.name: {statistic.name!r} is not one of {', '.join(get_args(StatisticName))}.")
    _yes_or_no("statistic.foreground_only", statistic.foreground_only)
    _check_number(statistic)
    return statistic


def _check_number(statistic: Statistic) -> None:
    """`mean_topk` needs k and `percentile` needs q; elsewhere they would be ignored, so they are refused."""
    if statistic.name == "mean_topk" and statistic.k is None:
        raise InvalidSettings("statistic.k: mean_topk needs k, the number of patches that it averages.")
    if statistic.name == "mean_topk":
        whole_number("statistic.k", statistic.k, 1, 1_000_000)
    elif statistic.k is not None:
        raise InvalidSettings(f"statistic.k: only mean_topk has a k, not {statistic.name}.")
    if statistic.name == "percentile":
        if statistic.q is None:
            raise InvalidSettings(f"statistic.q: percentile needs q, a number from {SMALLEST_PERCENTILE:g} to 100.")
        if isinstance(statistic.q, bool) or not isinstance(statistic.q, int | float) or not 0 <= statistic.q <= 100:
            raise InvalidSettings(
                f"statistic.q: {statistic.q!r} is no percentile, from {SMALLEST_PERCENTILE:g} to 100."
            )
        if statistic.q < SMALLEST_PERCENTILE:
            raise InvalidSettings(
                f"statistic.q: the {statistic.q:g}th percentile stays where it is while {100 - statistic.q:g} % of the "
                f"part are defective. Give {SMALLEST_PERCENTILE:g} or more, or another statistic."
            )
    elif statistic.q is not None:
        raise InvalidSettings(f"statistic.q: only percentile has a q, not {statistic.name}.")


def _yes_or_no(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidSettings(f"{key}: {value!r} is neither true nor false.")
    return value


def _refuse_unknown(given: Mapping[str, Any], kind: type, where: str) -> None:
    known = [field.name for field in fields(kind)]
    if unknown := sorted(set(given) - set(known)):
        raise InvalidSettings(f"{where}: unknown {', '.join(map(repr, unknown))}. Known: {', '.join(known)}.")


_OR_NULL: dict[str, Callable[[Any], object]] = {"threshold": _threshold, "layers": _layers, "coreset": coreset}
