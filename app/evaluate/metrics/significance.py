"""Whether two ways of scoring the same test images differ by more than chance.

Chance is that of the test images: others of the same kind would have given other numbers. What the draw of references
does to them is not in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, norm, rankdata

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]
Positions = NDArray[np.int64]
Value = Callable[[Scores], Scores]
"""A metric of test images that each count so many times: R×n to R."""

SIGNIFICANCE = 0.05
RESAMPLES = 1000
BATCH = 250
SEED = 0
TINY = 1e-12
"""Rounding alone."""

IMAGE_METRICS = ("image_ap", "image_f1_max")
"""Those without a test of their own."""


@dataclass(frozen=True, slots=True)
class Paired:
    """The image scores of two ways, `a` and `b`, of the same n test images: one row for each seed (S×n); `bad`: n."""

    a: Scores
    b: Scores
    bad: Labels


@dataclass(frozen=True, slots=True)
class Interval:
    """Of a difference B − A: 95 % of the resampled ones lie between."""

    low: float
    high: float

    @property
    def is_more_than_chance(self) -> bool:
        return self.low > 0 or self.high < 0


def auroc_p_value(objects: Sequence[Paired]) -> float | None:
    """How likely the mean difference of image AUROC over seeds and objects, or a larger one, is if there is none: 0..1.

    Two-sided, of normal distribution, with DeLong's variance of each object's difference, which knows that both ways
    and all seeds score the same images; objects do not depend on each other. Source: DeLong et al., Biometrics 44
    (1988); by midranks as Sun and Xu, IEEE Signal Processing Letters 21 (2014). None with fewer than two images of a
    class; 1 where the two order all images alike.
    """
    if not objects or any(min(each.bad.sum(), (~each.bad).sum()) < 2 for each in objects):
        return None
    found = [_auroc_difference(each) for each in objects]
    difference = sum(value for value, _ in found) / len(found)
    variance = sum(own for _, own in found) / len(found) ** 2
    if variance <= 0:
        return 1.0 if abs(difference) < TINY else 0.0
    return float(2 * norm.sf(abs(difference) / variance**0.5))


def _auroc_difference(pair: Paired) -> tuple[float, float]:
    """Mean over the seeds of B − A, and its variance."""
    of_bad, of_good = (
        np.mean(b, axis=0) - np.mean(a, axis=0)
        for a, b in zip(_placements(pair.a, pair.bad), _placements(pair.b, pair.bad), strict=True)
    )
    variance = of_bad.var(ddof=1) / len(of_bad) + of_good.var(ddof=1) / len(of_good)
    return float(of_bad.mean()), float(variance)


def _placements(scores: Scores, bad: Labels) -> tuple[Scores, Scores]:
    """For each row of scores: of each bad image the share of good ones below it, of each good one the share of bad ones
    above it; equal ones count half."""
    ranks = rankdata(scores, axis=1)
    below = (ranks[:, bad] - rankdata(scores[:, bad], axis=1)) / (~bad).sum()
    above = 1 - (ranks[:, ~bad] - rankdata(scores[:, ~bad], axis=1)) / bad.sum()
    return below, above


def resampled_differences(bad: Labels, a: Value, b: Value) -> Scores | None:
    """B − A of a metric, of test images drawn again with replacement: good ones among good ones, bad ones among bad
    ones, the same for both ways. None with fewer than two images of a class."""
    good, defective = np.flatnonzero(~bad), np.flatnonzero(bad)
    if min(len(good), len(defective)) < 2:
        return None

    def difference(some_good: Positions, some_bad: Positions, axis: int) -> Scores:
        drawn = np.concatenate([np.atleast_2d(some_good), np.atleast_2d(some_bad)], axis=axis)
        counts = np.zeros((len(drawn), len(bad)))
        np.add.at(counts, (np.arange(len(drawn))[:, None], drawn), 1)
        found = np.asarray(b(counts) - a(counts), np.float64)
        return found if some_good.ndim > 1 else found[0]

    found = bootstrap(
        (good, defective),
        difference,
        n_resamples=RESAMPLES,
        batch=BATCH,
        vectorized=True,
        axis=-1,
        method="percentile",
        rng=np.random.default_rng(SEED),
    )
    return np.asarray(found.bootstrap_distribution, np.float64)


def interval(distributions: Sequence[Scores]) -> Interval:
    """Of the mean over objects, each with its resampled differences: objects are drawn independently."""
    low, high = np.quantile(np.mean(distributions, axis=0), [SIGNIFICANCE / 2, 1 - SIGNIFICANCE / 2])
    return Interval(float(low), float(high))


def weighted(metric: str, scores: Scores, bad: Labels, counts: Scores) -> Scores:
    """A metric of images (n scores and labels) that each count so many times (R×n): R values."""
    falling = np.argsort(-scores, kind="stable")
    last_of_equal = np.flatnonzero(np.append(np.diff(scores[falling]) != 0, True))
    hits = np.cumsum(counts[:, falling] * bad[falling], axis=1)[:, last_of_equal]
    called = np.cumsum(counts[:, falling], axis=1)[:, last_of_equal]
    everything = hits[:, -1:]
    if metric == "image_f1_max":
        return np.asarray((2 * hits / (called + everything)).max(axis=1))
    if metric == "image_ap":
        precision = hits / np.maximum(called, 1)
        return np.asarray((np.diff(hits, axis=1, prepend=0) * precision).sum(axis=1) / everything[:, 0])
    raise ValueError(f"no weighted {metric}")
