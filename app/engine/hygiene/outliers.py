"""Which references stand out from the others: perhaps no good parts, or photographs of something else.

A defect lies far from everything in the other references, and it makes none of them look better. Limits: measured in
`docs/accuracy.md`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.left_out import LeftOut
from app.engine.hygiene.finding import Finding
from app.engine.types import Mask

FEWEST_REFERENCES = 4
"""With fewer there is no telling which is the odd one."""

ACCUSED_RATIO = 1.3
REFERENCES_PER_ACCUSED = 8

VOTES_EXPONENT = 0.1
FEWEST_VOTES = 1e-3


def suspicions(table: Mapping[int, LeftOut], masks: Sequence[Mask]) -> Mapping[int, float]:
    """By position in the bank: how much a reference stands out, over the median of the others (1: as they do).

    √(mean · largest leave-one-out patch distance) / votes^0.1; votes: the share of the other references' patches that
    are nearest to this one, summed over them. `masks`: the patches that count, in the order of the table.
    """
    if len(table) < 2:
        return dict.fromkeys(table, 1.0)
    votes = _votes(table, masks)
    own = np.array([_spread(each, mask) for each, mask in zip(table.values(), masks, strict=True)])
    raw = own / np.maximum([votes[position] for position in table], FEWEST_VOTES) ** VOTES_EXPONENT
    usual = np.array([np.median(np.delete(raw, place)) for place in range(len(raw))])
    return {position: float(each / of) if of > 0 else 1.0 for position, each, of in zip(table, raw, usual, strict=True)}


def outliers(suspicions: Mapping[int, float], ratio: float = ACCUSED_RATIO) -> list[int]:
    """Positions of the references that a person should look at, the oddest first: at most one of eight references (one
    of four to fifteen), none of fewer than four."""
    if len(suspicions) < FEWEST_REFERENCES:
        return []
    odd = [position for position in _oddest_first(suspicions) if suspicions[position] > ratio]
    return odd[: max(1, len(suspicions) // REFERENCES_PER_ACCUSED)]


def outlier_finding(suspicion: float, ratio: float = ACCUSED_RATIO) -> Finding:
    """What to say of a reference that `outliers` accuses."""
    return Finding(
        "outlier",
        "The photograph stands out from the other references. Look whether the part is good and photographed as the "
        "others are; if not, leave it out. If it is, keep it: it shows what good parts may look like too.",
        {"suspicion": suspicion, "limit": ratio},
    )


LARGEST_TRIMMED_SHARE = 0.5
"""Of more, what is left is no longer most of the set."""


def trimmed(suspicions: Mapping[int, float], share: float) -> list[int]:
    """Positions that remain, in order, when the oddest `share` of the references, rounded down, is left out.

    `share` is 0 to `LARGEST_TRIMMED_SHARE`; ValueError beyond.

    For a set that is known to hold bad parts: of a clean set it leaves good ones out. Fewer than four stay as they are.
    """
    if not 0 <= share <= LARGEST_TRIMMED_SHARE:
        raise ValueError(f"a share of {share} cannot be left out: 0 to {LARGEST_TRIMMED_SHARE}")
    count = int(share * len(suspicions)) if len(suspicions) >= FEWEST_REFERENCES else 0
    return sorted(set(suspicions) - set(_oddest_first(suspicions)[:count]))


def _oddest_first(suspicions: Mapping[int, float]) -> list[int]:
    return sorted(suspicions, key=lambda position: -suspicions[position])


def _spread(left_out: LeftOut, mask: Mask) -> float:
    distances: NDArray[np.float32] = left_out.distances[mask]
    return float(np.sqrt(distances.mean() * distances.max())) if distances.size else 0.0


def _votes(table: Mapping[int, LeftOut], masks: Sequence[Mask]) -> Mapping[int, float]:
    votes = dict.fromkeys(table, 0.0)
    for each, mask in zip(table.values(), masks, strict=True):
        nearest = each.nearest[mask]
        for position in votes:
            votes[position] += float((nearest == position).mean()) if nearest.size else 0.0
    return votes
