"""What a report shows of each object beside numbers: one row's scores, and pictures made with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.evaluate.kept.results import METRICS, Picture, Run, ScoredRow
from app.evaluate.report.averages import Group, average, groups, ordered_rows
from app.evaluate.report.plots import Curve


@dataclass(frozen=True, slots=True)
class Shown:
    """A row with the pictures that were made with it, if any."""

    scored: ScoredRow
    pictures: tuple[Picture, ...]


def shown(run: Run) -> list[Shown]:
    """One of each object: the row that its pictures were made with, else that of the first variant, the most shots and
    the first seed."""
    order = {variant: place for place, variant in enumerate(dict.fromkeys(row.variant for row in ordered_rows(run)))}
    found = []
    for name in sorted({scored.row.object for scored in run.rows}):
        pictures = tuple(each for each in run.pictures if each.object == name)
        own = [scored for scored in run.rows if scored.row.object == name]
        pictured = [scored for scored in own if pictures and _made_with(scored, pictures)]
        best = min(pictured or own, key=lambda each: (order[each.row.variant], -each.row.shots, each.row.seed))
        found.append(Shown(best, pictures if pictured else ()))
    return found


def _made_with(scored: ScoredRow, pictures: Sequence[Picture]) -> bool:
    """Whether the pictures are this row's: a picture names no variant, but its image score tells it."""
    scores = {each.image: each.score for each in scored.scores}
    return all(
        (picture.shots, picture.seed) == (scored.row.shots, scored.row.seed)
        and scores.get(picture.image) == picture.score
        for picture in pictures
    )


def curves(run: Run) -> dict[str, list[Curve]]:
    """Of each metric a learning curve per variant; empty where there are not several numbers of shots. Full-shot has
    none if the objects have different numbers of references."""
    found = [group for group in groups(ordered_rows(run)) if isinstance(group.shots, int) and group.shots > 0]
    if len({group.shots for group in found}) < 2:
        return {}
    variants = list(dict.fromkeys(row.variant for row in ordered_rows(run)))
    lines = {
        metric: [
            curve
            for place, variant in enumerate(variants)
            if (curve := _curve(place, metric, [group for group in found if group.variant == variant])).shots
        ]
        for metric in METRICS
    }
    return {metric: own for metric, own in lines.items() if own}


def _curve(variant: int, metric: str, found: Sequence[Group]) -> Curve:
    points = [
        (group.shots, averaged)
        for group in found
        if isinstance(group.shots, int) and (averaged := average(group, metric)) is not None
    ]
    return Curve(variant, tuple(shots for shots, _ in points), tuple(averaged for _, averaged in points))
