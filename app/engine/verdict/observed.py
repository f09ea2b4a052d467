"""What feedback shows of false alarms and misses, and within which bounds.

People do not look at every part: of those passed at few, of those rejected at many. So the shares of good parts are
estimated among each of the two by itself, from those looked at, and joined by how many parts of each there were. That
rests on one assumption: within each of the two, parts were not chosen by what they turned out to be.
"""

from dataclasses import dataclass
from typing import Self

from scipy.special import betaincinv

from app.engine.verdict.calibration import CONFIDENCE

SHARES = 3
"""That are estimated at once. Each bound fails with a third of what all of them together may (Bonferroni)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Parts of one verdict: so many were `inspected`, and people have called so many of them `good` and `bad`."""

    inspected: int
    good: int
    bad: int

    @property
    def looked_at(self) -> int:
        return self.good + self.bad

    @property
    def good_share(self) -> float | None:
        """Among those looked at; None where there is none."""
        return self.good / self.looked_at if self.looked_at else None


@dataclass(frozen=True, slots=True)
class Bounds:
    """A share, 0..1, lies from `low` to `high` with 95 % confidence. `estimate`: None where nothing is known."""

    low: float
    estimate: float | None
    high: float


def clopper_pearson(hits: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Between which shares lies the one of which `hits` were seen in `of` trials, two-sided; 0 to 1 without a trial.

    Source: Clopper and Pearson, Biometrika 26 (1934), by quantiles of the Beta distribution.
    """
    tail = (1 - confidence) / 2
    low = float(betaincinv(hits, of - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, of - hits, 1 - tail)) if hits < of else 1.0
    return low, high


def false_alarms(ok: Judged, not_ok: Judged) -> Bounds:
    """The share of `not_ok` among good parts that got a verdict.

    Without a look at any of those passed, the estimate takes them for good ones; the upper bound does not.
    """
    shares = _Shares.of(ok, not_ok)
    passed_good = 1.0 if ok.good_share is None else ok.good_share
    return Bounds(
        low=_part(shares.rejected[0] * shares.rejected_good[0], (1 - shares.rejected[0]) * shares.passed_good[1]) or 0,
        estimate=_estimate(not_ok.inspected, not_ok.good_share, ok.inspected * passed_good),
        high=_at_most(shares.rejected[1] * shares.rejected_good[1], (1 - shares.rejected[1]) * shares.passed_good[0]),
    )


def misses(ok: Judged, not_ok: Judged) -> Bounds:
    """The share of `ok` among bad parts that got a verdict."""
    shares = _Shares.of(ok, not_ok)
    rejected_bad = 0.0 if not not_ok.inspected else _other(not_ok.good_share)
    least, most = 1 - shares.rejected[1], 1 - shares.rejected[0]
    return Bounds(
        low=_part(least * (1 - shares.passed_good[1]), shares.rejected[1] * (1 - shares.rejected_good[0])) or 0,
        estimate=None
        if rejected_bad is None
        else _estimate(ok.inspected, _other(ok.good_share), not_ok.inspected * rejected_bad),
        high=_at_most(most * (1 - shares.passed_good[0]), shares.rejected[0] * (1 - shares.rejected_good[1])),
    )


@dataclass(frozen=True, slots=True)
class _Shares:
    """Bounds that hold all at once with 95 % confidence: of the parts, the rejected ones; of those, and of the others,
    the good ones."""

    rejected: tuple[float, float]
    rejected_good: tuple[float, float]
    passed_good: tuple[float, float]

    @classmethod
    def of(cls, ok: Judged, not_ok: Judged) -> Self:
        each = 1 - (1 - CONFIDENCE) / SHARES
        return cls(
            clopper_pearson(not_ok.inspected, ok.inspected + not_ok.inspected, each),
            clopper_pearson(not_ok.good, not_ok.looked_at, each),
            clopper_pearson(ok.good, ok.looked_at, each),
        )


def _estimate(inspected: int, share: float | None, others: float) -> float | None:
    """Of `inspected` parts a `share`, beside the `others` that they are counted with."""
    if inspected and share is None:
        return None
    return _part(inspected * (share or 0.0), others)


def _part(some: float, others: float) -> float | None:
    return some / (some + others) if some + others else None


def _at_most(some: float, others: float) -> float:
    """1 where there are neither: nothing speaks against it."""
    found = _part(some, others)
    return 1.0 if found is None else found


def _other(share: float | None) -> float | None:
    return None if share is None else 1 - share
