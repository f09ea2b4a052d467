"""What was measured of one object, as the rows need it: read from the cache, nothing is computed twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.engine.options import Profile, Rotation, ZeroShotAggregation
from app.engine.preprocess import geometry
from app.engine.types import Distances, Geometry, Mask, Size
from app.evaluate import needs
from app.evaluate.cache import Cache
from app.evaluate.needs import QuerySet


@dataclass(frozen=True, slots=True)
class Measurements:
    """Of one object, for one backbone and image size. Lists are in the order of the query set's images."""

    cache: Cache
    tests: QuerySet
    compared: QuerySet
    smaller_edge: int
    patch_size: int

    def geometries(self, queries: QuerySet) -> list[Geometry]:
        return [
            geometry(Size(int(height), int(width)), self.smaller_edge, self.patch_size)
            for height, width in self.cache.load(needs.sizes(queries.name))
        ]

    def distances(self, references: Sequence[Path], rotation: Rotation) -> list[Distances]:
        """Of each test image, every patch's distance to the bank of these references."""
        columns = (self.cache.load(needs.column(rotation, path, self.tests.name)) for path in references)
        return self._split(_nearest(columns), self.tests)

    def batch_distances(self, aggregation: ZeroShotAggregation) -> list[Distances]:
        """Of each test image, every patch's distance to the other test images."""
        return self._split(self.cache.load(needs.batch(aggregation)), self.tests)

    def masks(self, profile: Profile) -> list[Mask]:
        """Of each test image, its foreground mask."""
        return [np.asarray(part, bool) for part in self._split(self.cache.load(needs.masks(profile)), self.tests)]

    def accepted(self, reference: Path, profile: Profile) -> bool:
        """Whether the masking test on this reference allows masks."""
        return bool(self.cache.load(needs.verdict(reference, profile))[()])

    def foreground_fractions(self, references: Sequence[Path], rotation: Rotation) -> list[float]:
        """Foreground fractions of the references at every angle that is in the bank."""
        return [float(each) for path in references for each in self.cache.load(needs.fractions(rotation, path))]

    def left_out(self, references: Sequence[Path], rotation: Rotation) -> list[Distances]:
        """Of each compared reference among these, every upright patch's distance to the bank of the other ones.

        Empty for fewer than two references.
        """
        positions = {path: position for position, path in enumerate(self.compared.paths) if path in references}
        if len(positions) < 2:
            return []
        columns = {path: self._split(self._to_compared(path, rotation), self.compared) for path in references}
        return [
            _nearest(parts[position] for other, parts in columns.items() if other != path)
            for path, position in positions.items()
        ]

    def _to_compared(self, reference: Path, rotation: Rotation) -> NDArray[np.generic]:
        return self.cache.load(needs.column(rotation, reference, self.compared.name))

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
