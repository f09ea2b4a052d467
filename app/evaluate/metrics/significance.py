"""Whether two ways of scoring the same test images differ by more than chance.

Chance is that of the test images: others of the same kind would have given other numbers. What the draw of references
does to them is not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, norm, rankdata

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]

SIGNIFICANCE = 0.05
RESAMPLES = 2000
SEED = 0
TINY = 1e-12
"""Rounding alone."""

RESAMPLED = ("image_ap", "image_f1_max")
"""The metrics of images without a test of their own."""


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


def resampled_differences(pair: Paired, metric: str) -> Scores | None:
    """B − A of a metric of `RESAMPLED`, mean over the seeds, of test images drawn again with replacement: good ones
    among good ones, bad ones among bad ones, the same for both ways. None with fewer than two images of a class."""
    good, bad = np.flatnonzero(~pair.bad), np.flatnonzero(pair.bad)
    if min(len(good), len(bad)) < 2:
        return None
    found = bootstrap(
        (good, bad),
        partial(_difference, pair, metric),
        n_resamples=RESAMPLES,
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


def _difference(pair: Paired, metric: str, good: NDArray[np.int64], bad: NDArray[np.int64], axis: int) -> Scores:
    """`good` and `bad`: positions of the images that were drawn, along the last axis."""
    drawn = np.concatenate([np.atleast_2d(good), np.atleast_2d(bad)], axis=axis)
    counts = np.zeros((len(drawn), len(pair.bad)))
    np.add.at(counts, (np.arange(len(drawn))[:, None], drawn), 1)
    a, b = (np.mean([weighted(metric, own, pair.bad, counts) for own in each], axis=0) for each in (pair.a, pair.b))
    found = np.asarray(b - a, np.float64)
    return found if good.ndim > 1 else found[0]


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
