"""Banks and queries for the tests of the certified score: of every shape that has gone wrong in a search by lists."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.inverted import InvertedRows, in_lists
from app.engine.bank.lists import Assigned, Centres, Lists, assigned, drawn_rows
from app.engine.bank.plain_rows import PlainRows
from app.engine.bank.rows import unit_length

Rows = NDArray[np.float32]
Kind = Literal["spread", "clustered", "copies", "zeros", "one_direction"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WIDTH = 12
CLOSE = 1e-6
Floats = NDArray[Any] | float


@dataclass(frozen=True)
class Case:
    """The same rows by lists and without, and queries for them."""

    by_lists: InvertedRows
    plain: PlainRows
    queries: Rows


def assert_close(found: Floats, exact: Floats) -> None:
    """Within 1e-6."""
    apart = np.abs(np.subtract(found, exact, dtype=np.float64))
    assert (apart <= CLOSE * (1 + np.abs(exact))).all()


def some_rows(kind: Kind, count: int, dice: np.random.Generator) -> Rows:
    rows = dice.standard_normal((count, WIDTH))
    if kind == "clustered":
        rows = dice.standard_normal((5, WIDTH))[dice.integers(5, size=count)] + 0.05 * rows
    elif kind == "copies":
        rows = rows[dice.integers(max(1, count // 4), size=count)]
    elif kind == "zeros":
        rows[dice.random(count) < 0.3] = 0
    elif kind == "one_direction":
        rows = np.abs(rows[:, :1]) + 1e-3 * rows
    return rows.astype(np.float32)


def lists_of(rows: NDArray[np.floating], count: int) -> Lists:
    centres = Centres(unit_length(rows[drawn_rows(len(rows), count)]), count)
    while centres.unfinished:
        centres.improve(100)
    parts = [assigned(rows[start : start + 100], centres.values) for start in range(0, len(rows), 100)]
    return Lists(centres.values, Assigned.joined(parts))


@cache
def case(kind: Kind, seed: int, *, precision: str = "float32", lists: int | None = None) -> Case:
    dice = np.random.default_rng(seed)
    count = int(dice.integers(1, 600))
    rows = some_rows(kind, count, dice)
    near = rows[dice.integers(count, size=40)] + dice.choice([0.0, 0.02, 0.4]) * dice.standard_normal((40, WIDTH))
    queries = np.concatenate([near, some_rows(kind, 24, dice)]).astype(np.float32)
    stored, queries = unit_length(rows).astype(precision), unit_length(queries)
    found = lists_of(stored, min(lists or int(dice.integers(1, 40)), count))
    order = in_lists(found)
    return Case(InvertedRows(stored[order], order, found), PlainRows(stored), queries)
