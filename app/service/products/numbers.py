"""Numbers among settings, checked."""

from typing import Any

from app.errors import InvalidSettings


def whole_number(key: str, value: Any, low: int, high: int) -> int:
    """InvalidSettings for anything but a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidSettings(f"{key}: {value!r} is not a whole number from {low} to {high}.")
    return value


def number_between(key: str, value: Any, low: float, high: float) -> float:
    """InvalidSettings for anything but a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidSettings(f"{key}: {value!r} is not a number from {low:g} to {high:g}.")
    return float(value)
