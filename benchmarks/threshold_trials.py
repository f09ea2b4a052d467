"""Thresholds tried on photographs that had no part in them: false alarms and detections over many draws."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import comb, floor
from typing import Protocol

import numpy as np

from app.engine.verdict.calibration import Threshold, TooFewGoodImages, conformal, provisional
from app.service.verdicts.good_photograph import GoodPhotograph
from benchmarks.distance_table import Scores

ALPHAS = (0.05, 0.01)
LEAST_TESTED = 4
"""So many good photographs are kept back from the calibration, to try it on."""

PROVISIONAL, OWN_COPIES, ORACLE = "provisional", "own copies", "oracle"


def calibrated(alpha: float) -> str:
    return f"calibrated {100 * alpha:.0f} %"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One threshold in one draw: what it promises, how many good photographs that get a verdict it was tried on, which
    shares of these and of the defective ones (decided or not) lie above it; which share of the defective ones, and of
    the good ones that were to be tried, get no verdict. `outlying`: the threshold over the next largest good score."""

    promised: Threshold | None
    tested: int
    false_alarms: float
    found: float
    defective_undecided: float
    good_undecided: float
    outlying: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One threshold over all draws of so many references (`shots`)."""

    label: str
    shots: int
    outcomes: tuple[Outcome, ...]

    @property
    def is_promised(self) -> bool:
        return self.outcomes[0].promised is not None

    @property
    def promised_rate(self) -> float:
        """Mean over the draws: it depends on how many good photographs get a verdict."""
        return float(np.mean([each.expected_false_alarm_rate for each in self._promises]))

    @property
    def good_images(self) -> float:
        """That set the threshold, mean over the draws."""
        return float(np.mean([each.good_images for each in self._promises]))

    @property
    def undecidable(self) -> float:
        """Share of the good photographs beside the promise that set no threshold."""
        return float(np.mean([each.undecidable_share for each in self._promises]))

    @property
    def tested(self) -> float:
        return float(np.mean([each.tested for each in self.outcomes]))

    @property
    def rate_95(self) -> float:
        """Told with 95 % confidence, mean over the draws."""
        return float(np.mean([each.false_alarm_rate_95 for each in self._promises]))

    @property
    def by_chance_above(self) -> float:
        """How often a larger rate than that is found, were all scores independent."""
        return float(np.mean([by_chance_above(each.promised, each.tested) for each in self.outcomes if each.promised]))

    @property
    def _promises(self) -> list[Threshold]:
        return [each.promised for each in self.outcomes if each.promised]

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
        return bool(self.false_alarms.mean() <= self.promised_rate + 2 * self.standard_error)

    @property
    def found(self) -> float:
        return float(np.mean([each.found for each in self.outcomes]))

    @property
    def defective_undecided(self) -> float:
        return float(np.mean([each.defective_undecided for each in self.outcomes]))

    @property
    def good_undecided(self) -> float:
        return float(np.mean([each.good_undecided for each in self.outcomes]))

    @property
    def above_rate_95(self) -> float:
        """Share of the draws with a larger rate than the one told with 95 % confidence."""
        above = [each.false_alarms > each.promised.false_alarm_rate_95 for each in self.outcomes if each.promised]
        return float(np.mean(above))


def by_chance_above(threshold: Threshold, tested: int) -> float:
    """How often, of so many good photographs, a larger share than `false_alarm_rate_95` lies above the largest score of
    a threshold's good images, were all scores independent: more than 5 %, since few are tried."""
    fewest = floor(threshold.false_alarm_rate_95 * tested) + 1
    count = threshold.good_images
    return comb(count + tested - fewest, count) / comb(count + tested, count)


class Photographs(Protocol):
    """Photographs of an object by number, the `good` ones first, as the service would see them in a bank of references.

    `inspected`: beside the references; `left_out`: each reference in a bank of the others; `scores`: of those that
    would be decided; `scores_beside_own_copies`: of each reference in a bank that holds its own turned copies, too;
    None where there are none.
    """

    @property
    def good(self) -> int: ...

    @property
    def defective(self) -> range: ...

    def inspected(self, images: Sequence[int], references: Sequence[int]) -> list[GoodPhotograph]: ...

    def left_out(self, references: Sequence[int]) -> list[GoodPhotograph]: ...

    def scores(self, photographs: Sequence[GoodPhotograph]) -> Scores: ...

    def scores_beside_own_copies(self, references: Sequence[int]) -> Scores | None: ...


def trials(table: Photographs, shots: int, draws: int) -> list[Trial]:
    """Every threshold, over the seeded draws in which it could be set and tried."""
    drawn = [_outcomes(table, shots, seed) for seed in range(draws)]
    labels = dict.fromkeys(label for each in drawn for label in each)
    return [Trial(label, shots, tuple(each[label] for each in drawn if label in each)) for label in labels]


def _outcomes(table: Photographs, shots: int, seed: int) -> dict[str, Outcome]:
    """By label. The good photographs that are not drawn come in random order too."""
    order = np.random.default_rng([shots, seed]).permutation(table.good).tolist()
    references = order[:shots]
    good, bad = table.inspected(order[shots:], references), table.inspected(table.defective, references)
    left_out = table.left_out(references)
    scores = table.scores(left_out)
    outcomes: dict[str, Outcome | None] = {}
    if threshold := provisional(scores.tolist(), len(left_out) - len(scores)):
        outcomes[PROVISIONAL] = _outcome(table, good, bad, threshold.value, threshold, scores)
    for alpha in ALPHAS:
        with suppress(TooFewGoodImages):
            count = _taken(good, held_out(len(good), alpha))
            scores = table.scores(good[:count])
            by_others = conformal(scores.tolist(), alpha, count - len(scores))
            outcomes[calibrated(alpha)] = _outcome(table, good[count:], bad, by_others.value, by_others, scores)
    own_copies = table.scores_beside_own_copies(references)
    if own_copies is not None:
        outcomes[OWN_COPIES] = _outcome(table, good, bad, float(own_copies.max()))
    outcomes[ORACLE] = _outcome(table, good, bad, _oracle(table.scores(good), table.scores(bad)))
    return {label: each for label, each in outcomes.items() if each}


def _taken(good: Sequence[GoodPhotograph], decidable: int) -> int:
    """How many of the good photographs are taken until so many of them get a verdict."""
    places = [place for place, each in enumerate(good) if each.decidable][:decidable]
    return places[-1] + 1 if places else 0


def held_out(good: int, alpha: float) -> int:
    """As many of the good photographs as leave enough to be tried and make the expected rate just alpha; 0: too few."""
    step = round(1 / alpha)
    return max(0, (good - LEAST_TESTED + 1) // step * step - 1)


def _outcome(
    table: Photographs,
    good: Sequence[GoodPhotograph],
    bad: Sequence[GoodPhotograph],
    value: float,
    promised: Threshold | None = None,
    set_by: Scores | None = None,
) -> Outcome | None:
    """None where no good photograph gets a verdict."""
    scores, defective = table.scores(good), table.scores(bad)
    if not len(scores):
        return None
    below = [] if set_by is None else set_by[set_by < value].tolist()
    return Outcome(
        promised=promised,
        tested=len(scores),
        false_alarms=float((scores > value).mean()),
        found=float((defective > value).sum() / len(bad)),
        defective_undecided=1 - len(defective) / len(bad),
        good_undecided=1 - len(scores) / len(good),
        outlying=value / max(below) if below and max(below) > 0 else 1.0,
    )


def _oracle(good: Scores, bad: Scores) -> float:
    def f1(threshold: float) -> float:
        hits, alarms = int((bad > threshold).sum()), int((good > threshold).sum())
        return 2 * hits / (hits + alarms + len(bad))

    below_all = min(good.min(), bad.min()) - 1
    return float(max([below_all, *good.tolist(), *bad.tolist()], key=f1))
