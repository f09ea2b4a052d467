"""How a photograph's size and shape compare with those of the references."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.engine.types import Size

SAME_SHAPE = 0.01
"""Two lengths or two aspect ratios that differ by no more than this share are taken for the same."""

MOST_RESCALED = 2.0
"""A photograph that comes to the backbone with less than half, or more than twice, the detail of the nearest reference
cannot be compared with it. Measured in `docs/accuracy.md`."""

MOST_RESHAPED = 1.5
"""Nor one whose aspect ratio differs by more than this factor: two parts side by side, a photograph on its side."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A number of a photograph over that of the nearest reference; 1: the same.

    `same`: up to this factor, either way, it counts as the same. Below `low` or above `high` the photograph cannot be
    compared; None: it never is too small, or too large.
    """

    value: float
    same: float
    low: float | None
    high: float | None

    @property
    def differs(self) -> bool:
        return not 1 / self.same <= self.value <= self.same


def size_beside(of: Size, references: Sequence[Size], smaller_edge: int) -> Beside:
    """The smaller edges. What is beyond `smaller_edge`, px, is scaled away before anything is compared."""
    nearest = _nearest(of, references, _edge)
    same = _same(references, _edge)
    seen = min(1.0, smaller_edge / nearest)
    high = max(same, MOST_RESCALED) if smaller_edge > MOST_RESCALED * nearest else None
    return Beside(_edge(of) / nearest, same, seen / max(same, MOST_RESCALED), high)


def aspect_beside(of: Size, references: Sequence[Size]) -> Beside:
    """Width over height."""
    same = _same(references, aspect)
    most = max(same, MOST_RESHAPED)
    return Beside(aspect(of) / _nearest(of, references, aspect), same, 1 / most, most)


def aspect(size: Size) -> float:
    """Width over height."""
    return size.width / size.height


def _edge(size: Size) -> float:
    return min(size.height, size.width)


Number = Callable[[Size], float]


def _nearest(of: Size, references: Sequence[Size], number: Number) -> float:
    return min((number(each) for each in references), key=lambda each: abs(math.log(number(of) / each)))


def _same(references: Sequence[Size], number: Number) -> float:
    """How far a reference lies from the nearest other one, at most, where they come in many shapes. Where most are of
    one shape, a single other one does not widen this."""
    ordered = sorted(number(each) for each in references)
    middle = ordered[len(ordered) // 2]
    alike = sum(1 / (1 + SAME_SHAPE) <= each / middle <= 1 + SAME_SHAPE for each in ordered)
    if len(ordered) < 2 or alike > len(ordered) / 2:
        return 1 + SAME_SHAPE
    gaps = [right / left for left, right in pairwise(ordered)]
    return max(1 + SAME_SHAPE, *(min(pair) for pair in zip([math.inf, *gaps], [*gaps, math.inf], strict=True)))
