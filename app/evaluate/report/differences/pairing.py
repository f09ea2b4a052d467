"""Two evaluations, or two variants of one: rows that belong together, their differences, and chance."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.evaluate.kept.results import METRICS, ImageScore, Row, Run
from app.evaluate.metrics.significance import (
    RESAMPLED,
    SIGNIFICANCE,
    Paired,
    auroc_p_value,
    interval,
    resampled_differences,
)
from app.evaluate.report.averages import Group, average, groups, ordered_rows
from app.evaluate.report.wording import points

CHANCE = (
    "Behind a difference: of image AUROC the p-value of DeLong's test, of image AP and F1-max the 95 % interval of a "
    "paired bootstrap over test images. *: more than chance (p below 0.05, or an interval without 0). Chance is that "
    "of the test images, not of the references; of twenty comparisons without a difference one has a star. Nothing is "
    "said of pixel metrics."
)

ScoreBook = Mapping[Hashable, Sequence[ImageScore]]
"""The image scores of each row of a run, by `_place`."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Rows of A and of B that belong together: the same objects and seeds, and the same metrics defined."""

    a: Group
    b: Group
    scores_a: ScoreBook
    scores_b: ScoreBook

    def only(self, name: str) -> "Pairing":
        """The rows of one object."""
        return replace(self, a=self.a.only(name), b=self.b.only(name))

    def difference(self, metric: str) -> float | None:
        """B − A of the means; None where one of them is not defined."""
        one, other = average(self.a, metric), average(self.b, metric)
        return None if one is None or other is None else other.mean - one.mean

    def difference_text(self, metric: str) -> str:
        """In percentage points, with what chance makes of it."""
        said = ", ".join(part for part in (points(self.difference(metric)), self._chance(metric)) if part)
        return said if self.difference(metric) is not None else points(None)

    def _chance(self, metric: str) -> str:
        pairs = self._paired(metric)
        if metric == "image_auroc":
            p_value = auroc_p_value(pairs)
            return "" if p_value is None else f"p {p_value:.3f}{'*' if p_value < SIGNIFICANCE else ''}"
        if metric not in RESAMPLED:
            return ""
        found = [each for pair in pairs if (each := resampled_differences(pair, metric)) is not None]
        if not found or len(found) < len(pairs):
            return ""
        near = interval(found)
        return f"{points(near.low)} to {points(near.high)}{'*' if near.is_more_than_chance else ''}"

    def _paired(self, metric: str) -> list[Paired]:
        """The scores of each object that the mean is over; none where the two saw other test images."""
        found = average(self.a, metric)
        if found is None:
            return []
        pairs = []
        for name in found.objects:
            a, b = (
                [book[_place(row)] for row in group.only(name).rows if row.seed in found.seeds]
                for group, book in ((self.a, self.scores_a), (self.b, self.scores_b))
            )
            if len({tuple((each.image, each.bad) for each in scores) for scores in (*a, *b)}) != 1:
                return []
            values = [np.array([[each.score for each in scores] for scores in own]) for own in (a, b)]
            pairs.append(Paired(values[0], values[1], np.array([each.bad for each in a[0]])))
        return pairs


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
    partner, books = dict(both), (_score_book(a), _score_book(b))
    return Comparison(
        tuple(
            _pairing(group, [partner[row] for row in group.rows], *books) for group in groups([row for row, _ in both])
        ),
        tuple(row for key, row in known_a.items() if key not in known_b),
        tuple(row for key, row in known_b.items() if key not in known_a),
    )


def _score_book(run: Run) -> ScoreBook:
    return {_place(scored.row): scored.scores for scored in run.rows}


def _place(row: Row) -> Hashable:
    return row.object, row.shots, row.seed, row.variant


def _key(row: Row, by_variant: bool) -> Hashable:
    return row.object, row.shots, row.seed, row.variant if by_variant else None


def _alike(a: Row, b: Row) -> tuple[Row, Row]:
    """Both without the metrics that one of them lacks, so that means are over the same rows."""
    lacking = {name: None for name in METRICS if None in (getattr(a.metrics, name), getattr(b.metrics, name))}
    return replace(a, metrics=replace(a.metrics, **lacking)), replace(b, metrics=replace(b.metrics, **lacking))


def _pairing(a: Group, rows: Sequence[Row], scores_a: ScoreBook, scores_b: ScoreBook) -> Pairing:
    return Pairing(a, Group(rows[0].variant, a.shots, tuple(rows)), scores_a, scores_b)
