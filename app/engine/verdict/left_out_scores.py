"""The scores of left-out references, as if each had come to be inspected."""

from collections.abc import Sequence

import numpy as np

from app.engine.bank.left_out import LeftOut
from app.engine.masking.foreground import MaskFlag, scored_patches
from app.engine.options import Profile, Statistic
from app.engine.types import Mask
from app.engine.verdict.scoring import image_score


def left_out_scores(
    table: Sequence[LeftOut], fractions: Sequence[Sequence[float]] | None, profile: Profile, statistic: Statistic
) -> list[float]:
    """The image score of each reference as if it had come to be inspected by a bank of the others.

    `fractions`: per reference, its foreground fractions at every angle of the bank, where masks apply; None where they
    do not. A left-out reference's mask is trusted or not by the fractions of the others alone.
    """
    masks = [mask for mask, _ in left_out_masks(table, fractions, profile)]
    return masked_scores(table, masks, statistic)


def masked_scores(table: Sequence[LeftOut], masks: Sequence[Mask], statistic: Statistic) -> list[float]:
    """The image score of each, where `masks` (N each) tell which patches are scored."""
    return [image_score(each.distances * mask, mask, statistic) for each, mask in zip(table, masks, strict=True)]


def left_out_masks(
    table: Sequence[LeftOut], fractions: Sequence[Sequence[float]] | None, profile: Profile
) -> list[tuple[Mask, MaskFlag | None]]:
    """Which patches of each reference would be scored, and what would be said of its mask; arguments as above."""
    if fractions is None:
        return [(np.ones(len(each.distances), bool), None) for each in table]
    masks = []
    for position, each in enumerate(table):
        others = [fraction for other, own in enumerate(fractions) if other != position for fraction in own]
        masks.append(scored_patches(each.foreground, profile, others))
    return masks
