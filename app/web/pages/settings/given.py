"""Settings out of a form: as the API takes them, and of these the ones that differ."""

from collections.abc import Callable, Mapping
from typing import Any

from app.api.schemas.settings import SettingsBody, SettingsGiven
from app.engine.options import ProductSettings

NONE = "none"
"""What stands for null."""


def changed_settings(fields: Mapping[str, str], settings: ProductSettings) -> dict[str, Any]:
    """Those that a form gives another value. What it does not name stays; `statistic.k` is the `k` of `statistic`.

    ValidationError (pydantic): a value is none of what is allowed.
    """
    told = {key: _READ.get(key, str)(fields[key]) for key in SettingsGiven.model_fields if key in fields}
    told |= {key: read(fields) for key, read in _JOINED.items() if any(name.startswith(f"{key}.") for name in fields)}
    given = SettingsGiven.model_validate(told)
    now, whole = SettingsBody.model_validate(settings, from_attributes=True).model_dump(), given.model_dump()
    sent = given.model_dump(exclude_unset=True)
    return {key: value for key, value in sent.items() if whole[key] != now[key]}


def _number(text: str) -> int | float | str:
    """The text itself where it is none, so that whoever checks it says what is wrong."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _yes_or_no(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text, text)


def _null(text: str) -> str | None:
    return None if text == NONE else text


def _layers(text: str) -> list[int | float | str] | None:
    return [_number(each.strip()) for each in text.split(",")] if text else None


def _bit_depth(text: str) -> int | float | str:
    return text if text == "auto" else _number(text)


def _numbers(fields: Mapping[str, str], key: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _number(text) for name in names if (text := fields.get(f"{key}.{name}"))}


def _statistic(fields: Mapping[str, str]) -> dict[str, Any]:
    names = {"name": fields.get("statistic.name", "")}
    only = _yes_or_no(fields.get("statistic.foreground_only", "false"))
    return names | {"k": None, "q": None} | _numbers(fields, "statistic", ("k", "q")) | {"foreground_only": only}


def _coreset(fields: Mapping[str, str]) -> dict[str, Any] | None:
    return _numbers(fields, "coreset", ("share", "rows")) or None


def _search(fields: Mapping[str, str]) -> dict[str, Any] | str:
    return _numbers(fields, "search", ("near",)) or "anywhere"


def _threshold(fields: Mapping[str, str]) -> dict[str, Any]:
    return _numbers(fields, "threshold", ("value", "bank_version"))


_READ: dict[str, Callable[[str], Any]] = {
    "smaller_edge": _number,
    "alpha": _number,
    "pinned": _yes_or_no,
    "commissioning": _yes_or_no,
    "bit_depth": _bit_depth,
    "layers": _layers,
    "threshold": _null,
}
_JOINED: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "statistic": _statistic,
    "coreset": _coreset,
    "search": _search,
    "threshold": _threshold,
}
