"""Layers of a backbone as they are written on the command line and in reports."""

from app.engine.options import LayersJoin
from app.errors import InvalidSettings

OWN = "own"
WRITTEN = "own (the backbone's), or numbers from 1 on, ascending: 4,8,12; with mean: before them they are averaged"


def layers(written: str) -> tuple[tuple[int, ...] | None, LayersJoin]:
    """`own` (None), `4,8,12` or `mean:4,8,12`, and how they are joined.

    Raises:
        InvalidSettings: it is written otherwise.
    """
    if written == OWN:
        return None, "concat"
    plain = written.removeprefix("mean:")
    join: LayersJoin = "concat" if plain == written else "mean"
    numbers = tuple(int(each) if each.isascii() and each.isdigit() else 0 for each in plain.split(","))
    if min(numbers) < 1 or list(numbers) != sorted(set(numbers)):
        raise InvalidSettings(f"--layers {written!r}: write {WRITTEN}.")
    return numbers, join
