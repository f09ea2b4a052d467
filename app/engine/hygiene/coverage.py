"""How well the references cover what good parts look like, and what one more would bring."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from app.engine.options import Statistic
from app.engine.types import Mask
from app.engine.verdict.scoring import image_score

DRAWN_SUBSETS = 30
"""Of more subsets than this, so many are drawn, always the same."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """`scores[k − 1]`: mean image score of a left-out reference in a bank of k of the others, k = 1..n−1. `adds`: per
    reference, by what share the other ones' mean score would rise without it."""

    scores: tuple[float, ...]
    adds: tuple[float, ...]

    @property
    def gain(self) -> float:
        """By what share the score fell with the last reference: about what, at most, one more would bring."""
        return 1 - self.scores[-1] / self.scores[-2] if self.scores[-2] > 0 else 0.0

    @property
    def adds_least(self) -> int:
        """Position of the reference that the others miss least. A defective one is missed least too (see `outliers`);
        of near duplicates each is missed by the other."""
        return int(np.argmin(self.adds))


def coverage(pairs: Sequence[NDArray[np.float32]], masks: Sequence[Mask], statistic: Statistic) -> Coverage | None:
    """From n references, or None for fewer than three.

    `pairs[i]` is n×N_i: each patch of reference i to each reference at every angle of the bank (row i is not looked
    at). `masks[i]`: the patches of i that are scored (N_i).
    """
    count = len(pairs)
    if count < 3:
        return None

    score = partial(_score, pairs, masks, statistic)
    everyone = range(count)
    curve = [
        np.mean([score(image, part) for image in everyone for part in _subsets(_without(everyone, image), size)])
        for size in range(1, count)
    ]
    whole = [score(image, _without(everyone, image)) for image in everyone]
    adds = []
    for missing in everyone:
        rest = _without(everyone, missing)
        with_it = sum(whole[image] for image in rest)
        without = sum(score(image, _without(rest, image)) for image in rest)
        adds.append(without / with_it - 1 if with_it > 0 else 0.0)
    return Coverage(tuple(map(float, curve)), tuple(adds))


def _score(
    pairs: Sequence[NDArray[np.float32]],
    masks: Sequence[Mask],
    statistic: Statistic,
    image: int,
    references: Sequence[int],
) -> float:
    nearest = pairs[image][list(references)].min(axis=0)
    return image_score(np.asarray(nearest * masks[image], np.float32), masks[image], statistic)


def _without(positions: Sequence[int], left_out: int) -> list[int]:
    return [position for position in positions if position != left_out]


def _subsets(positions: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    if comb(len(positions), size) <= DRAWN_SUBSETS:
        yield from combinations(positions, size)
        return
    random = np.random.default_rng(size)
    for _ in range(DRAWN_SUBSETS):
        yield random.choice(positions, size, replace=False).tolist()
