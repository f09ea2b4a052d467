"""Each reference among the others: how far its patches lie from theirs (leave-one-reference-out)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.masking import scored_patches
from app.engine.options import Profile, Statistic
from app.engine.scoring import image_score
from app.engine.spread import evenly_spaced
from app.engine.types import Distances, Mask

NOBODY = -1
COMPARED_REFERENCES = 64
"""Of more references, evenly spaced ones are compared: else each registration would be slower than the one before."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One unrotated reference, searched in the bank of all others: no rotation of its own is in it.

    Per patch in raster order (N): `distances`, the cosine distance to the nearest row of the others; `nearest`, the
    position of the reference that row belongs to (`NOBODY`: there is no other); `foreground`, the reference's own mask.
    """

    distances: Distances
    nearest: NDArray[np.int32]
    foreground: Mask


def compared_references(count: int) -> list[int]:
    """Positions of the references of a bank that are compared with all others: a single one has none."""
    return evenly_spaced(count, COMPARED_REFERENCES) if count > 1 else []


def left_out_scores(
    table: Sequence[LeftOut], fractions: Sequence[Sequence[float]] | None, profile: Profile, statistic: Statistic
) -> list[float]:
    """The image score of each reference as if it had come to be inspected by a bank of the others.

    `fractions`: per reference, its foreground fractions at every angle of the bank, where masks apply; None where they
    do not. A left-out reference's mask is trusted or not by the fractions of the others alone.
    """
    return masked_scores(table, left_out_masks(table, fractions, profile), statistic)


def masked_scores(table: Sequence[LeftOut], masks: Sequence[Mask], statistic: Statistic) -> list[float]:
    """The image score of each, where `masks` (N each) tell which patches are scored."""
    return [image_score(each.distances * mask, mask, statistic) for each, mask in zip(table, masks, strict=True)]


def left_out_masks(
    table: Sequence[LeftOut], fractions: Sequence[Sequence[float]] | None, profile: Profile
) -> list[Mask]:
    """Which patches of each reference would be scored; arguments as above."""
    if fractions is None:
        return [np.ones(len(each.distances), bool) for each in table]
    masks = []
    for position, each in enumerate(table):
        others = [fraction for other, own in enumerate(fractions) if other != position for fraction in own]
        masks.append(scored_patches(each.foreground, profile, others)[0])
    return masks


def heat_scale(table: Sequence[LeftOut], *, foreground_only: bool) -> float | None:
    """The hot end of the colour scale: twice the largest leave-one-out patch distance; None for fewer than two
    references. Source: ALGORITHM 5.4."""
    largest = 0.0
    for each in table:
        distances = each.distances[each.foreground] if foreground_only else each.distances
        largest = max(largest, float(distances.max(initial=0)))
    return 2 * largest if largest > 0 else None
