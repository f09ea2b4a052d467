"""Two evaluations, or two variants of one: rows that belong together, their differences, and chance."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.evaluate.kept.pixel_counts import PixelCounts
from app.evaluate.kept.results import METRICS, ImageScore, Row, Run
from app.evaluate.kept.run_folder import RunFolder
from app.evaluate.metrics.pixel_counts import weighted_pixel
from app.evaluate.metrics.significance import (
    IMAGE_METRICS,
    SIGNIFICANCE,
    Paired,
    auroc_p_value,
    interval,
    resampled_differences,
    weighted,
)
from app.evaluate.report.averages import Group, average, groups, ordered_rows
from app.evaluate.report.wording import points

CHANCE = (
    "Behind a difference: of image AUROC the p-value of DeLong's test, of the others the 95 % interval of a paired "
    "bootstrap over test images. *: more than chance (p below 0.05, or an interval without 0). Chance is that of the "
    "test images, not of the references; of twenty comparisons without a difference one has a star."
)


@dataclass(frozen=True, slots=True)
class Behind:
    """What lies behind the rows of a run: their image scores, and the folder that has their pixels."""

    scores: Mapping[Hashable, Sequence[ImageScore]]
    folder: Path | None

    def images(self, row: Row) -> Sequence[ImageScore]:
        return self.scores[_place(row)]

    def pixels(self, row: Row) -> PixelCounts | None:
        return RunFolder(self.folder).pixels(row) if self.folder else None


@dataclass(frozen=True, slots=True)
class Pairing:
    """Rows of A and of B that belong together: the same objects and seeds, and the same metrics defined.

    `drawn` remembers what was resampled, by metric, object and seeds: the line of means needs it again.
    """

    a: Group
    b: Group
    behind_a: Behind
    behind_b: Behind
    drawn: dict[Hashable, NDArray[np.float64] | None] = field(default_factory=dict, compare=False)

    def only(self, name: str) -> "Pairing":
        """The rows of one object."""
        return replace(self, a=self.a.only(name), b=self.b.only(name))

    def difference_text(self, metric: str) -> str:
        """B − A of the means in percentage points, with what chance makes of it."""
        one, other = average(self.a, metric), average(self.b, metric)
        if one is None or other is None:
            return points(None)
        pairs = [self._paired(name, one.seeds) for name in one.objects]
        known = [pair for pair in pairs if pair is not None]
        chance = self._chance(metric, known) if len(known) == len(pairs) else ""
        return ", ".join(part for part in (points(other.mean - one.mean), chance) if part)

    def _chance(self, metric: str, pairs: Sequence["_Rows"]) -> str:
        if metric == "image_auroc":
            p_value = auroc_p_value([pair.scores for pair in pairs])
            return "" if p_value is None else f"p {p_value:.3f}{'*' if p_value < SIGNIFICANCE else ''}"
        found = [each for pair in pairs if (each := self._resampled(metric, pair)) is not None]
        if len(found) < len(pairs):
            return ""
        near = interval(found)
        return f"{points(near.low)} to {points(near.high)}{'*' if near.is_more_than_chance else ''}"

    def _resampled(self, metric: str, rows: "_Rows") -> NDArray[np.float64] | None:
        key = metric, *map(_place, rows.a)
        if key not in self.drawn:
            self.drawn[key] = rows.resampled(metric)
        return self.drawn[key]

    def _paired(self, name: str, seeds: Sequence[int]) -> "_Rows | None":
        """The rows of an object; None where the two saw other test images."""
        a, b = ([row for row in group.only(name).rows if row.seed in seeds] for group in (self.a, self.b))
        images = [*map(self.behind_a.images, a), *map(self.behind_b.images, b)]
        if len({tuple((each.image, each.bad) for each in own) for own in images}) != 1:
            return None
        values = [
            np.array([[each.score for each in own] for own in some]) for some in (images[: len(a)], images[len(a) :])
        ]
        bad = np.array([each.bad for each in images[0]])
        return _Rows(Paired(values[0], values[1], bad), a, b, self.behind_a, self.behind_b)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one object, a seed each, and what lies behind them."""

    scores: Paired
    a: Sequence[Row]
    b: Sequence[Row]
    behind_a: Behind
    behind_b: Behind

    def resampled(self, metric: str) -> NDArray[np.float64] | None:
        """B − A of the metric, mean over the seeds, of test images drawn again; None where nothing is behind it."""
        bad = self.scores.bad
        if metric in IMAGE_METRICS:
            a, b = (partial(_of_scores, metric, bad, scores) for scores in (self.scores.a, self.scores.b))
            return resampled_differences(bad, a, b)
        pixels_a, pixels_b = [*map(self.behind_a.pixels, self.a)], [*map(self.behind_b.pixels, self.b)]
        known_a, known_b = ([each for each in own if each is not None] for own in (pixels_a, pixels_b))
        if len(known_a) + len(known_b) < len(pixels_a) + len(pixels_b):
            return None
        a, b = (partial(_of_pixels, metric, own) for own in (known_a, known_b))
        return resampled_differences(bad, a, b)


def _of_scores(
    metric: str, bad: NDArray[np.bool_], scores: NDArray[np.float64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(np.mean([weighted(metric, own, bad, counts) for own in scores], axis=0))


def _of_pixels(metric: str, pixels: Sequence[PixelCounts], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.mean([weighted_pixel(metric, own, counts) for own in pixels], axis=0))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two runs have in common, and the rows that only one of them has."""

    pairings: tuple[Pairing, ...]
    only_a: tuple[Row, ...]
    only_b: tuple[Row, ...]


def comparison(a: Run, b: Run) -> Comparison:
    """Match rows by object, shots and seed, and by variant unless each run has exactly one."""
    rows_a, rows_b = ordered_rows(a), ordered_rows(b)
    by_variant = any(len({row.variant for row in rows}) > 1 for rows in (rows_a, rows_b))
    known_a, known_b = ({_key(row, by_variant): row for row in rows} for rows in (rows_a, rows_b))
    both = [_alike(row, known_b[key]) for key, row in known_a.items() if key in known_b]
    partner, books = dict(both), (_behind(a), _behind(b))
    return Comparison(
        tuple(
            _pairing(group, [partner[row] for row in group.rows], *books) for group in groups([row for row, _ in both])
        ),
        tuple(row for key, row in known_a.items() if key not in known_b),
        tuple(row for key, row in known_b.items() if key not in known_a),
    )


def _behind(run: Run) -> Behind:
    return Behind({_place(scored.row): scored.scores for scored in run.rows}, run.folder)


def _place(row: Row) -> Hashable:
    return row.object, row.shots, row.seed, row.variant


def _key(row: Row, by_variant: bool) -> Hashable:
    return row.object, row.shots, row.seed, row.variant if by_variant else None


def _alike(a: Row, b: Row) -> tuple[Row, Row]:
    """Both without the metrics that one of them lacks, so that means are over the same rows."""
    lacking = {name: None for name in METRICS if None in (getattr(a.metrics, name), getattr(b.metrics, name))}
    return replace(a, metrics=replace(a.metrics, **lacking)), replace(b, metrics=replace(b.metrics, **lacking))


def _pairing(a: Group, rows: Sequence[Row], behind_a: Behind, behind_b: Behind) -> Pairing:
    return Pairing(a, Group(rows[0].variant, a.shots, tuple(rows)), behind_a, behind_b)
