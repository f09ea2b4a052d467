"""The scores of left-out references, as if each had come to be inspected."""

from collections.abc import Sequence

import numpy as np

from app.engine.bank.index import Metric, ratio_in
from app.engine.bank.left_out import LeftOut
from app.engine.masking.foreground import MaskFlag, scored_patches
from app.engine.options import Profile, Statistic
from app.engine.types import Mask
from app.engine.verdict.calibration import FEWEST_REFERENCES
from app.engine.verdict.scoring import image_score, median_distance

UNLIKE_RATIO = 1.75
"""An image whose median patch distance is more than this many times the largest one of a good photograph shows
something else than they do. Of cosine distances; measured in `docs/accuracy.md`."""


def decided_scores(
    table: Sequence[LeftOut],
    fractions: Sequence[Sequence[float]] | None,
    profile: Profile,
    statistic: Statistic,
    metric: Metric = "cosine",
) -> list[float]:
    """The image score of each reference that a bank of the others would decide: its mask trusted, and (beside three
    others or more) its median patch distance like theirs.

    `fractions`: per reference, its foreground fractions at every angle of the bank, where masks apply; None where they
    do not. A left-out reference's mask is trusted or not by the fractions of the others alone.
    """
    found = left_out_masks(table, fractions, profile)
    masks = [mask for mask, _ in found]
    medians = [median_distance(each.distances, mask) for each, mask in zip(table, masks, strict=True)]
    trusted = [flag is None for _, flag in found]
    ratio = ratio_in(metric, UNLIKE_RATIO)
    alike = [_is_alike(place, medians, trusted, ratio) for place in range(len(table))]
    scores = masked_scores(table, masks, statistic)
    return [score for score, *holds in zip(scores, trusted, alike, strict=True) if all(holds)]


def _is_alike(place: int, medians: Sequence[float], trusted: Sequence[bool], ratio: float) -> bool:
    others = [median for at, median in enumerate(medians) if at != place and trusted[at]]
    return len(medians) <= FEWEST_REFERENCES or not others or medians[place] <= ratio * max(others)


def masked_scores(table: Sequence[LeftOut], masks: Sequence[Mask], statistic: Statistic) -> list[float]:
    """The image score of each, where `masks` (N each) tell which patches are scored."""
    return [
        image_score(each.distances * mask, mask, statistic, each.weights)
        for each, mask in zip(table, masks, strict=True)
    ]


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
