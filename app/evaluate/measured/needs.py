"""What has to be measured of an object for the rows that were asked for, and what of it is missing yet."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from app.engine.bank.left_out import compared_references
from app.engine.options import ROTATION_ANGLES_DEG, Profile, Rotation, ZeroShotAggregation
from app.evaluate.dataset import ObjectData
from app.evaluate.measured.cache import Cache


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Photographs whose patches are searched for in the references; `name` names its measurements in the cache."""

    name: str
    paths: tuple[Path, ...]


def test_queries(data: ObjectData) -> QuerySet:
    return QuerySet("tests", tuple(image.path for image in data.test))


def compared_in(references: Sequence[Path]) -> tuple[Path, ...]:
    """The references of a bank that are compared with all others of it, as the service does it."""
    return tuple(references[position] for position in compared_positions(references))


def compared_positions(references: Sequence[Path]) -> list[int]:
    """Where these stand among the references."""
    return compared_references([_digest(path) for path in references])


@cache
def _digest(photograph: Path) -> str:
    return hashlib.sha256(photograph.read_bytes()).hexdigest()


def reference_queries(paths: tuple[Path, ...]) -> QuerySet:
    """References as photographs to search for."""
    digest = hashlib.sha256("\n".join(map(_key, paths)).encode()).hexdigest()
    return QuerySet(f"references-{digest[:12]}", paths)


@dataclass(frozen=True, slots=True)
class Needs:
    """Of one object, for one backbone and preprocessing.

    `references` are those of all shots and seeds, `compared` those among them that are compared with the others of a
    bank, `tested` those that the masking test is run on (each bank's first), `profiles` those whose foreground masks
    are needed.
    """

    references: tuple[Path, ...] = ()
    compared: tuple[Path, ...] = ()
    rotations: frozenset[Rotation] = frozenset()
    profiles: frozenset[Profile] = frozenset()
    tested: frozenset[tuple[Path, Profile]] = frozenset()
    aggregations: frozenset[ZeroShotAggregation] = frozenset()

    @property
    def shown(self) -> frozenset[Rotation]:
        """In which rotations the references' foregrounds are compared with; zero-shot takes the upright ones."""
        return self.rotations | {"off"} if self.aggregations else self.rotations


def _key(reference: Path) -> str:
    """Names a reference in the cache: its folder and file, as `train-good-000.png`."""
    return "-".join(reference.parts[-3:])


def column(rotation: Rotation, reference: Path, queries: str) -> str:
    """Name of the distances of the patches of a query set, named, to one reference."""
    return f"distances/{rotation}/{_key(reference)}/{queries}"


def sizes(queries: str) -> str:
    return f"sizes/{queries}"


def masks(profile: Profile) -> str:
    return f"masks/{profile}"


def fractions(rotation: Rotation, reference: Path) -> str:
    return f"fractions/{rotation}/{_key(reference)}"


def foreground(reference: Path) -> str:
    return f"foregrounds/{_key(reference)}"


def verdict(reference: Path, profile: Profile) -> str:
    return f"verdicts/{profile}/{_key(reference)}"


def cost(rotation: Rotation, reference: Path) -> str:
    """Name of what a reference costs in a bank: seconds of its search for one test image, its bytes, and the seconds
    that it takes to make it."""
    return f"costs/{rotation}/{_key(reference)}"


def pass_cost(queries: str) -> str:
    """Name of the seconds that the forward pass of one of these photographs takes."""
    return f"costs/{queries}"


def batch(aggregation: ZeroShotAggregation) -> str:
    return f"zero-shot/{aggregation}"


@dataclass(frozen=True, slots=True)
class Missing:
    """What is needed and not in the cache. `work` lists the references that have to be looked at again, and of each
    the rotations whose distances are missing."""

    needs: Needs
    tests: QuerySet
    compared: QuerySet
    work: dict[Path, frozenset[Rotation]]
    queries_needed: bool

    def angles_deg(self, reference: Path) -> tuple[float, ...]:
        """At which angles a reference has to be extracted."""
        tested = any(each == reference for each, _ in self.needs.tested)
        turned = "on" in self.needs.rotations or tested
        return ROTATION_ANGLES_DEG if turned else ROTATION_ANGLES_DEG[:1]

    @property
    def passes(self) -> int:
        """Images that have to go through the backbone."""
        queries = len(self.tests.paths) + len(self.compared.paths) if self.queries_needed else 0
        return queries + sum(len(self.angles_deg(reference)) for reference in self.work)


def missing(needs: Needs, data: ObjectData, cache: Cache) -> Missing:
    """What of the needs is not in the cache yet."""
    tests, compared = test_queries(data), reference_queries(needs.compared)
    whole = Missing(needs, tests, compared, {}, queries_needed=False)
    work = {}
    for reference in needs.references:
        lacking = frozenset(
            rotation
            for rotation in needs.rotations
            if not all(cache.has(column(rotation, reference, queries.name)) for queries in (tests, compared))
        )
        own = [verdict(each, profile) for each, profile in needs.tested if each == reference]
        if needs.profiles:
            own += [foreground(reference), *(fractions(rotation, reference) for rotation in needs.shown)]
        if lacking or not all(map(cache.has, own)):
            work[reference] = lacking
    of_tests = [sizes(tests.name), *map(masks, needs.profiles), *map(batch, needs.aggregations)]
    searched = any(work.values()) or not cache.has(sizes(compared.name))
    return replace(whole, work=work, queries_needed=searched or not all(map(cache.has, of_tests)))
