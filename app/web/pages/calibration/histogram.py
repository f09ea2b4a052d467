"""The scores of good and bad images, drawn: good ones above the axis, bad ones below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from app.engine.verdict.calibration import is_not_ok
from app.service.calibration.calibration_set import CalibrationView

BINS = 32
WIDTH, AXIS, UP, DOWN = 480.0, 150.0, 130.0, 90.0
"""In units of the drawing: how wide it is, where its axis lies, how long bars are above and below it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bin: `low` and `high` score, how many images, and where it is drawn."""

    low: float
    high: float
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Of the images that would get a verdict. `by_references`: the good ones are the references, each among the
    others; else the good calibration images. `held`: calibration images that would get none."""

    good: tuple[float, ...]
    bad: tuple[float, ...]
    by_references: bool
    held: int

    @classmethod
    def of(cls, view: CalibrationView) -> "Scores":
        images, known = view.product.calibration.images, view.images
        measured = [(image.is_good, known[image.sha256]) for image in images if image.sha256 in known]
        decided = [(is_good, each.score) for is_good, each in measured if not each.undecidable]
        good = tuple(score for is_good, score in decided if is_good)
        references = view.calibration.references if view.calibration else {}
        by_references = view.calibration is not None and view.calibration.state != "calibrated"
        if by_references:
            good = tuple(each.score for each in references.values() if not each.undecidable)
        bad = tuple(score for is_good, score in decided if not is_good)
        return cls(good, bad, by_references, len(measured) - len(decided))

    def above(self, threshold: float) -> tuple[int, int]:
        """How many good and how many bad ones would be called not ok."""
        return sum(is_not_ok(each, threshold) for each in self.good), sum(
            is_not_ok(each, threshold) for each in self.bad
        )


@dataclass(frozen=True, slots=True)
class Histogram:
    """`top`: the score at the right end; `ticks`: scores to be written at the axis, with their places."""

    top: float
    good: tuple[Bar, ...]
    bad: tuple[Bar, ...]
    ticks: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, scores: Scores, thresholds: Sequence[float | None]) -> "Histogram":
        """`thresholds`: to be drawn in it, too."""
        known = [each for each in thresholds if each is not None]
        most = 1.1 * max((*scores.good, *scores.bad, *known), default=0.0) or 1.0
        step = _round_step(most)
        top = step * ceil(most / step)
        good, bad = _counted(scores.good, top), _counted(scores.bad, top)
        fullest = max((*good, *bad))
        ticks = tuple((step * place, WIDTH * step * place / top) for place in range(round(top / step) + 1))
        return cls(top, _bars(good, fullest, top, UP, up=True), _bars(bad, fullest, top, DOWN, up=False), ticks)

    def x(self, score: float) -> float:
        """Where a score is drawn."""
        return WIDTH * score / self.top


def _round_step(largest: float) -> float:
    """1, 2 or 5 times a power of ten, of which about five reach that far."""
    rough = largest / 5
    power = 10.0 ** floor(log10(rough))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= rough * (1 - 1e-9))


def _counted(scores: Sequence[float], top: float) -> list[int]:
    found = [0] * BINS
    for score in scores:
        found[min(BINS - 1, int(BINS * score / top))] += 1
    return found


def _bars(counts: Sequence[int], fullest: int, top: float, length: float, *, up: bool) -> tuple[Bar, ...]:
    bars = []
    for place, count in enumerate(counts):
        if count:
            height = length * count / fullest
            y = AXIS - height if up else AXIS
            low, high = top * place / BINS, top * (place + 1) / BINS
            bars.append(Bar(low, high, count, WIDTH * place / BINS + 1, y, WIDTH / BINS - 2, height))
    return tuple(bars)
