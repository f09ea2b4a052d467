"""Thresholds tried on photographs that had no part in them: false alarms and detections over many draws."""

from dataclasses import dataclass
from math import comb, floor

import numpy as np

from app.engine.verdict.calibration import Threshold, conformal, provisional
from benchmarks.distance_table import DistanceTable, Scores

ALPHAS = (0.05, 0.01)
LEAST_TESTED = 4
"""So many good photographs are kept back from the calibration, to try it on."""

PROVISIONAL, OWN_COPIES, ORACLE = "provisional", "own copies", "oracle"


def calibrated(alpha: float) -> str:
    return f"calibrated {100 * alpha:.0f} %"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One threshold in one draw: what it promises, how many good photographs it was tried on, which shares of the good
    and of the defective ones lie above it."""

    promised: Threshold | None
    tested: int
    false_alarms: float
    found: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One threshold over all draws of so many references (`shots`)."""

    label: str
    shots: int
    outcomes: tuple[Outcome, ...]

    @property
    def promised(self) -> Threshold | None:
        return self.outcomes[0].promised

    @property
    def tested(self) -> int:
        return self.outcomes[0].tested

    @property
    def false_alarms(self) -> Scores:
        """Rate of each draw."""
        return np.array([each.false_alarms for each in self.outcomes])

    @property
    def standard_error(self) -> float:
        """Of the mean rate: a draw's photographs share its references, so a draw counts as one observation."""
        return float(self.false_alarms.std(ddof=1) / np.sqrt(len(self.outcomes)))

    @property
    def kept(self) -> bool:
        """Whether the mean rate is what was promised, or more by no more than two standard errors."""
        assert self.promised is not None
        return bool(self.false_alarms.mean() <= self.promised.expected_false_alarm_rate + 2 * self.standard_error)

    @property
    def found(self) -> float:
        return float(np.mean([each.found for each in self.outcomes]))

    @property
    def above_rate_95(self) -> float:
        """Share of the draws with a larger rate than the one told with 95 % confidence."""
        assert self.promised is not None
        return float((self.false_alarms > self.promised.false_alarm_rate_95).mean())


def by_chance_above(threshold: Threshold, tested: int) -> float:
    """How often, of so many good photographs, a larger share than `false_alarm_rate_95` lies above the largest score of
    a threshold's good images, were all scores independent: more than 5 %, since few are tried."""
    fewest = floor(threshold.false_alarm_rate_95 * tested) + 1
    count = threshold.good_images
    return comb(count + tested - fewest, count) / comb(count + tested, count)


def trials(table: DistanceTable, shots: int, draws: int) -> list[Trial]:
    """Every threshold, over the seeded draws."""
    drawn = [_outcomes(table, shots, seed) for seed in range(draws)]
    return [Trial(label, shots, tuple(each[label] for each in drawn)) for label in drawn[0]]


def _outcomes(table: DistanceTable, shots: int, seed: int) -> dict[str, Outcome]:
    """By label. The good photographs that are not drawn come in random order too."""
    order = np.random.default_rng([shots, seed]).permutation(table.good).tolist()
    references = order[:shots]
    good, bad = table.scores(order[shots:], references), table.scores(table.defective, references)
    threshold = provisional(table.left_out_scores(references).tolist())
    assert threshold is not None
    own_copies = float(table.scores_beside_own_copies(references).max())
    outcomes = {PROVISIONAL: _outcome(good, bad, threshold.value, threshold)}
    for alpha in ALPHAS:
        count = held_out(len(good), alpha)
        if count:
            by_others = conformal(good[:count].tolist(), alpha)
            outcomes[calibrated(alpha)] = _outcome(good[count:], bad, by_others.value, by_others)
    outcomes[OWN_COPIES] = _outcome(good, bad, own_copies)
    outcomes[ORACLE] = _outcome(good, bad, _oracle(good, bad))
    return outcomes


def held_out(good: int, alpha: float) -> int:
    """As many of the good photographs as leave enough to be tried and make the expected rate just alpha; 0: too few."""
    step = round(1 / alpha)
    return max(0, (good - LEAST_TESTED + 1) // step * step - 1)


def _outcome(good: Scores, bad: Scores, value: float, promised: Threshold | None = None) -> Outcome:
    return Outcome(promised, len(good), float((good > value).mean()), float((bad > value).mean()))


def _oracle(good: Scores, bad: Scores) -> float:
    def f1(threshold: float) -> float:
        hits, alarms = int((bad > threshold).sum()), int((good > threshold).sum())
        return 2 * hits / (hits + alarms + len(bad))

    below_all = min(good.min(), bad.min()) - 1
    return float(max([below_all, *good.tolist(), *bad.tolist()], key=f1))
