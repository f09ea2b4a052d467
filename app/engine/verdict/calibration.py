"""From scores of good parts to a threshold, and what can be promised of it.

Everything here rests on one assumption, *exchangeability*: the good parts that set the threshold and those that are
inspected later come from the same production and camera, and could have come in any other order. Nothing is assumed of
how the scores are distributed. Source: conformal prediction (Vovk, Gammerman, Shafer, Algorithmic Learning in a Random
World, 2005), its split form (Papadopoulos et al., Inductive Confidence Machines for Regression, 2002).

Whether an image gets a verdict at all is told without its score, by the same rule for every image. Those that get one
are then exchangeable among each other, so what is promised is promised of them, and only they set thresholds.

The same holds for regions, with each good image's largest patch distance (`REGION_STATISTIC`) as its score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Literal

from scipy.special import betaincinv

from app.engine.options import Statistic
from app.errors import InvalidSettings

CalibrationState = Literal["none", "provisional", "calibrated"]

FEWEST_REFERENCES = 3
"""With fewer, the threshold would be one number or two: no more is known than the order of magnitude."""

CONFIDENCE = 0.95

REGION_STATISTIC = Statistic("max")
"""An image shows a region where any patch lies above the region threshold, so exactly where its largest patch distance
does. A threshold set by those of good images promises how many good images show any region at all."""

OUTLYING_RATIO = 1.5
"""A threshold so many times the largest of the other good scores is told. Measured in `docs/decisions.md`."""

ROUNDING = 1e-9
"""What a product like 100 · 0.29, 28.999999999999996, may miss a whole number by."""


class TooFewGoodImages(Exception):
    """Not even the largest score of so few would keep the promise; the message says what would."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A score above `value` is no longer that of a good part.

    `good_images`: how many good images it was set by. `expected_false_alarm_rate`: the share of good parts above it, at
    most, averaged over products. `false_alarm_rate_95`: on a single product, at most, with 95 % confidence. Both of the
    parts that get a verdict: `undecidable` further good images would get none, and do not set it.
    """

    value: float
    good_images: int
    expected_false_alarm_rate: float
    false_alarm_rate_95: float
    undecidable: int = 0

    @property
    def undecidable_share(self) -> float:
        """Of the good images, those that would get no verdict, 0..1."""
        return self.undecidable / (self.good_images + self.undecidable)


def provisional(left_out_scores: Sequence[float], undecidable: int = 0) -> Threshold | None:
    """The largest leave-one-reference-out score of k references; None for fewer than three. `undecidable` further
    references would get no verdict from the others.

    The expected rate is at most 1/(k+1): score the k references and the next good part each among all k others. These
    k+1 scores are exchangeable, so the part's is the single largest with a probability of at most 1/(k+1). A left-out
    reference is really searched in k−1 references, which only makes its score larger, and the threshold with it. (With
    masks this is exact as long as they are trusted, since trust depends on the other references too.)

    The rate with 95 % confidence, 1 − 0.05^(1/k), is that of k scores that do not depend on each other. Left-out scores
    do, by the references they share, so it is a good approximation and not proved.
    """
    count = len(left_out_scores)
    return None if count < FEWEST_REFERENCES else _threshold(left_out_scores, count, undecidable)


def conformal(scores: Sequence[float], alpha: float, undecidable: int = 0) -> Threshold:
    """The threshold that calls at most a share `alpha` (0..1, not included) of the good parts bad: split conformal.

    `scores` are those of n good images of which none is in the bank, and which get a verdict; `undecidable` further
    ones get none. The threshold is the ⌈(n+1)(1−α)⌉-th smallest, r for short: the next good part's score is equally
    likely to have any of the n+1 ranks, so it lies above with a probability of at most (n+1−r)/(n+1) ≤ α. Of a single
    product, the share of good parts above the r-th smallest of n follows the Beta distribution with parameters n+1−r
    and r, whose 95 % quantile is told.

    Raises:
        InvalidSettings: `alpha` is no share.
        TooFewGoodImages: n < 1/α − 1, so that not even the largest score would do.
    """
    if not 0 < alpha < 1:
        raise InvalidSettings(f"alpha is {alpha}. It is a share of good parts: more than 0 and less than 1, like 0.05.")
    count = len(scores)
    above = floor((count + 1) * alpha + ROUNDING)
    if not above:
        raise TooFewGoodImages(_too_few(count, alpha))
    return _threshold(scores, count + 1 - above, undecidable)


def _threshold(scores: Sequence[float], rank: int, undecidable: int) -> Threshold:
    """The rank-th smallest score, and what it promises."""
    count = len(scores)
    above = count + 1 - rank
    return Threshold(
        value=float(sorted(scores)[rank - 1]),
        good_images=count,
        expected_false_alarm_rate=above / (count + 1),
        false_alarm_rate_95=float(betaincinv(above, rank, CONFIDENCE)),
        undecidable=undecidable,
    )


def outlying(threshold: float, scores: Sequence[float]) -> float | None:
    """How many times the largest of the other good scores a threshold is, where that is `OUTLYING_RATIO` or more."""
    below = [score for score in scores if score < threshold]
    ratio = threshold / max(below) if below and max(below) > 0 else 0.0
    return ratio if ratio >= OUTLYING_RATIO else None


def fewest_good_images(alpha: float) -> int:
    """How many held-out good images `conformal` needs for an `alpha`."""
    return ceil(1 / alpha - ROUNDING) - 1


def smallest_alpha(count: int) -> float:
    """The smallest alpha that so many good images allow, rounded up to 0.01 %."""
    return ceil(10_000 / (count + 1)) / 10_000


def _too_few(count: int, alpha: float) -> str:
    fewest = fewest_good_images(alpha)
    more = f"alpha {alpha} needs {fewest} good images, there are {count}: add {fewest - count} more"
    return f"{more}, or set alpha to {smallest_alpha(count)} or more." if count else f"{more}."


def p_value(score: float, scores: Sequence[float]) -> float:
    """How odd a part's score would be among n good ones: (1 + how many of these are as large or larger)/(n + 1).

    A good part has a p-value of at most α with a probability of at most α. It is at most α exactly where the score lies
    above `conformal(scores, alpha)`.
    """
    return (1 + sum(each >= score for each in scores)) / (len(scores) + 1)


def is_not_ok(score: float, threshold: float) -> bool:
    """The one comparison behind a verdict: of the unrounded score, and above, since a good part set the threshold."""
    return score > threshold


def score_normalized(score: float, threshold: float) -> float | None:
    """The score in units of the threshold (1.0 = the threshold), to be shown; verdicts come from `is_not_ok`.

    None at a threshold of 0, where the good images were equal to the references: any score above it is not ok, and how
    many times as large it is cannot be said.
    """
    return score / threshold if threshold > 0 else None
