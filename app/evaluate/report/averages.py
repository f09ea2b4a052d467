"""Means over objects and over seeds (ALGORITHM 8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from app.evaluate.kept.results import Row, Run
from app.evaluate.planned.plan import Shots
from app.evaluate.planned.variant import Variant


@dataclass(frozen=True, slots=True)
class Average:
    """One metric or rate: the mean over `seeds` of its unweighted mean over `objects`.

    `std` is the sample standard deviation over the seeds (n - 1), None for one seed.
    """

    mean: float
    std: float | None
    seeds: tuple[int, ...]
    objects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one variant at one number of shots, all objects and seeds."""

    variant: Variant
    shots: Shots
    rows: tuple[Row, ...]

    @property
    def objects(self) -> tuple[str, ...]:
        return tuple(sorted({row.object for row in self.rows}))

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted({row.seed for row in self.rows}))

    def only(self, name: str) -> "Group":
        """The rows of one object."""
        return replace(self, rows=tuple(row for row in self.rows if row.object == name))


def average(group: Group, metric: str) -> Average | None:
    """Mean over the objects that have the metric, then over the seeds in which all of these objects have it.

    None where no row has the metric, or no seed is complete.
    """
    values = {(row.object, row.seed): value for row in group.rows if (value := row.value(metric)) is not None}
    objects = tuple(sorted({name for name, _ in values}))
    complete = tuple(
        seed for seed in sorted({seed for _, seed in values}) if all((name, seed) in values for name in objects)
    )
    means = [fmean(values[name, seed] for name in objects) for seed in complete]
    if not means:
        return None
    return Average(fmean(means), stdev(means) if len(means) > 1 else None, complete, objects)


def ordered_rows(run: Run) -> tuple[Row, ...]:
    """The rows, those of the variant that was asked for first before the others."""
    asked = list(run.asked.get("variants", ()))
    rows = [scored.row for scored in run.rows]
    place = {label: position for position, label in enumerate(asked)}
    return tuple(sorted(rows, key=lambda row: place.get(row.variant.label, len(asked))))


def groups(rows: Sequence[Row]) -> tuple[Group, ...]:
    """Variants as they first appear, fewest shots first, full-shot last."""
    return tuple(
        group
        for variant in dict.fromkeys(row.variant for row in rows)
        for group in _by_shots(variant, [row for row in rows if row.variant == variant])
    )


def _by_shots(variant: Variant, rows: Sequence[Row]) -> list[Group]:
    """Full-shot is a group of its own where the objects have different numbers of references: no number of shots has
    them all."""
    counts = sorted({row.shots for row in rows})
    found = [Group(variant, shots, tuple(row for row in rows if row.shots == shots)) for shots in counts]
    full = Group(variant, "full", tuple(row for row in rows if row.full))
    if len({row.shots for row in full.rows}) < 2 or set(full.objects) != {row.object for row in rows}:
        return found
    return [group for group in found if not all(row.full for row in group.rows)] + [full]
