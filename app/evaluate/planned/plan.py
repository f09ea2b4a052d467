"""What an evaluation is asked to do: variants × objects × shots × seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

from app.engine.options import Masking, Rotation
from app.errors import InvalidDataset
from app.evaluate.dataset import ObjectData
from app.evaluate.measured.needs import Needs, compared_in
from app.evaluate.planned.tables import masked_by_table, rotated_by_table
from app.evaluate.planned.variant import Variant

FULL: Literal["full"] = "full"
Shots = int | Literal["full"]


@dataclass(frozen=True, slots=True)
class Plan:
    """`shots` counts references, `full` takes all; `seeds` counts from 0."""

    data_root: Path
    objects: tuple[str, ...]
    variants: tuple[Variant, ...]
    shots: tuple[Shots, ...]
    seeds: int

    @property
    def needs_references(self) -> bool:
        return any(variant.mode == "few-shot" for variant in self.variants)


@dataclass(frozen=True, slots=True)
class Draw:
    """The references of one bank. Of batched zero-shot, which has none: 0, 0 and nothing."""

    shots: int
    seed: int
    references: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was asked for and could not be done, and why."""

    object: str
    shots: int
    seed: int
    reason: str


def draws(plan: Plan, data: ObjectData) -> tuple[list[Draw], list[Skipped]]:
    """The banks that the plan asks for, fewest shots first, and those for which there are too few references."""
    found, skipped = [], []
    for shots, seed in product(sorted({each for each in plan.shots if each != FULL}), range(plan.seeds)):
        try:
            found.append(Draw(shots, seed, data.references(shots, seed)))
        except InvalidDataset as error:
            skipped.append(Skipped(data.name, shots, seed, error.message))
    if FULL in plan.shots:
        found.append(Draw(len(data.train), 0, data.train))
    return list(dict.fromkeys(found)), skipped


def rotation_of(variant: Variant, name: str) -> Rotation:
    """Whether this object's references are rotated. InvalidDataset where the table has no such object."""
    if variant.rotation == "table":
        return "on" if rotated_by_table(name) else "off"
    return variant.rotation


def masking_of(variant: Variant, name: str) -> Masking:
    """Whether this object's background is masked; `auto`: the masking test says. InvalidDataset as above."""
    if variant.masking == "table":
        return "on" if masked_by_table(name) else "off"
    return variant.masking


def bank_draws(variant: Variant, found: Sequence[Draw]) -> list[Draw]:
    """The draws that a variant makes banks of."""
    return [Draw(0, 0, ())] if variant.mode == "zero-shot" else list(found)


def tested_reference(draw: Draw, data: ObjectData) -> Path | None:
    """The reference that the masking test is run on: the bank's first, in zero-shot the first there is."""
    return next(iter(draw.references or data.train), None)


def needs(rows: Sequence[tuple[Variant, Draw]], data: ObjectData) -> Needs:
    """What these rows, all of one backbone and preprocessing, have to have measured."""
    masked = [(variant, draw) for variant, draw in rows if masking_of(variant, data.name) != "off"]
    tested = {
        (reference, variant) for variant, draw in masked if (reference := tested_reference(draw, data)) is not None
    }
    drawn = dict.fromkeys(path for _, draw in rows for path in draw.references)
    compared = {path for _, draw in rows for path in compared_in(draw.references)}
    return Needs(
        references=tuple(dict.fromkeys([*drawn, *sorted(path for path, _ in tested)])),
        compared=tuple(path for path in drawn if path in compared),
        rotations=frozenset(rotation_of(variant, data.name) for variant, draw in rows if draw.references),
        profiles=frozenset(variant.profile for variant, _ in masked),
        tested=frozenset(
            (path, variant.profile) for path, variant in tested if masking_of(variant, data.name) == "auto"
        ),
        aggregations=frozenset(variant.aggregation for variant, _ in rows if variant.aggregation),
    )
