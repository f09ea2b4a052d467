"""What was measured of one object, as the rows need it: read from the cache, nothing is computed twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.engine.bank.left_out import NOBODY, LeftOut
from app.engine.options import Preprocessing, Profile, Rotation, ZeroShotAggregation
from app.engine.photograph.preprocess import geometry
from app.engine.types import Distances, Geometry, Mask, Size
from app.evaluate.measured import needs
from app.evaluate.measured.cache import Cache
from app.evaluate.measured.costs import NO_COSTS, Costs
from app.evaluate.measured.needs import QuerySet


@dataclass(frozen=True, slots=True)
class Measurements:
    """Of one object, for one backbone and preprocessing. Lists are in the order of the query set's images."""

    cache: Cache
    tests: QuerySet
    compared: QuerySet
    preprocessing: Preprocessing
    patch_size: int

    def geometries(self, queries: QuerySet) -> list[Geometry]:
        return [
            geometry(
                Size(int(height), int(width)), self.preprocessing.smaller_edge, self.patch_size, self.preprocessing.fit
            )
            for height, width in self.cache.load(needs.sizes(queries.name))
        ]

    def distances(self, references: Sequence[Path], rotation: Rotation) -> list[Distances]:
        """Of each test image, every patch's distance to the bank of these references."""
        columns = (self.cache.load(needs.column(rotation, path, self.tests.name)) for path in references)
        return self._split(_nearest(columns), self.tests)

    def batch_distances(self, aggregation: ZeroShotAggregation) -> list[Distances]:
        """Of each test image, every patch's distance to the other test images."""
        return self._split(self.cache.load(needs.batch(aggregation)), self.tests)

    def costs(self, references: Sequence[Path], rotation: Rotation) -> Costs:
        """Of the bank of these references: it is searched reference by reference, so it costs what they cost."""
        names = [needs.pass_cost(self.tests.name), *(needs.cost(rotation, path) for path in references)]
        if not references or not all(map(self.cache.has, names)):
            return NO_COSTS
        pass_s, *own = (np.asarray(self.cache.load(name), np.float64) for name in names)
        search_s, size_bytes, build_s = np.sum(own, axis=0).tolist()
        return Costs(1000 * (float(pass_s) + search_s), size_bytes, build_s)

    def masks(self, profile: Profile) -> list[Mask]:
        """Of each test image, its foreground mask."""
        return [np.asarray(part, bool) for part in self._split(self.cache.load(needs.masks(profile)), self.tests)]

    def accepted(self, reference: Path, profile: Profile) -> bool:
        """Whether the masking test on this reference allows masks."""
        return bool(self.cache.load(needs.verdict(reference, profile))[()])

    def foreground_fractions(self, references: Sequence[Path], rotation: Rotation) -> list[float]:
        """Foreground fractions of the references at every angle that is in the bank."""
        return [float(each) for path in references for each in self.cache.load(needs.fractions(rotation, path))]

    def left_out(self, references: Sequence[Path], rotation: Rotation, *, masked: bool) -> list[LeftOut]:
        """The leave-one-out table of the bank of these references, in order: of each compared one the upright patches,
        searched in the bank of the others. Empty for fewer than two references.

        Not `masked`, every patch is foreground.
        """
        places = {path: self.compared.paths.index(path) for path in needs.compared_in(references)}
        sizes = [each.grid.patches for each in self.geometries(self.compared)]
        distances = {path: np.full(sizes[place], np.inf, np.float32) for path, place in places.items()}
        nearest = {path: np.full(sizes[place], NOBODY, np.int32) for path, place in places.items()}
        for position, other in enumerate(references if places else ()):
            parts = self._split(self.cache.load(needs.column(rotation, other, self.compared.name)), self.compared)
            for path, place in places.items():
                closer = (parts[place] < distances[path]) & (path != other)
                distances[path][closer], nearest[path][closer] = parts[place][closer], position
        return [
            LeftOut(distances[path], nearest[path], self._foreground(path) if masked else np.ones(sizes[place], bool))
            for path, place in places.items()
        ]

    def _foreground(self, reference: Path) -> Mask:
        return np.asarray(self.cache.load(needs.foreground(reference)), bool)

    def _split(self, values: NDArray[np.generic], queries: QuerySet) -> list[Distances]:
        patches = [each.grid.patches for each in self.geometries(queries)]
        return [np.asarray(part) for part in np.split(values, np.cumsum(patches)[:-1])]


def _nearest(columns: Iterable[NDArray[np.generic]]) -> Distances:
    nearest: Distances | None = None
    for values in columns:
        nearest = np.asarray(values, np.float32) if nearest is None else np.minimum(nearest, values)
    if nearest is None:
        raise ValueError("no references")
    return nearest
