"""From scores of good parts to a threshold, and what can be promised of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

CalibrationState = Literal["none", "provisional"]

FEWEST_REFERENCES = 3
"""With fewer, the threshold would be one number or two: no more is known than the order of magnitude."""

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Threshold:
    """A score above `value` is no longer that of a good part.

    `good_images`: how many good images it was set by. `expected_false_alarm_rate`: the share of good parts above it, at
    most, averaged over products. `false_alarm_rate_95`: on a single product, at most, with 95 % confidence.
    """

    value: float
    good_images: int
    expected_false_alarm_rate: float
    false_alarm_rate_95: float


def provisional(left_out_scores: Sequence[float]) -> Threshold | None:
    """The largest leave-one-reference-out score of k references; None for fewer than three.

    Were the k scores and that of the next good part exchangeable, the next one would be the largest with a probability
    of 1/(k+1), and the largest of k would leave more than a share r of good parts above it with a probability of
    (1−r)^k, which is 0.05 at r = 1 − 0.05^(1/k). A left-out reference is searched in k−1 references and the next part
    in k, so its score is rather smaller: the promise is kept. Source: split conformal prediction (Vovk et al., 2005).
    """
    count = len(left_out_scores)
    if count < FEWEST_REFERENCES:
        return None
    return Threshold(
        value=max(left_out_scores),
        good_images=count,
        expected_false_alarm_rate=1 / (count + 1),
        false_alarm_rate_95=1 - (1 - CONFIDENCE) ** (1 / count),
    )
