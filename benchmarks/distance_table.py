"""How far every photograph's patches lie from every good photograph of an object: measured once, kept in a folder.

A bank is the union of its references, so the distances to any bank are minima over the columns of this table, and
hundreds of banks can be drawn from it without a search. 448 px, eight rotations, no mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.assembly import limit_threads, load_backbone
from app.commands.evaluate_display import Lines
from app.engine.bank.bank import MemoryBank, segment, unit_length
from app.engine.options import ROTATION_ANGLES_DEG, Preprocessing, Statistic
from app.engine.types import Distances
from app.engine.verdict.scoring import image_score
from app.evaluate.dataset import ObjectData, TestImage, load_object
from app.evaluate.measured.cache import Cache
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.measure import measure
from app.evaluate.measured.measurements import Measurements
from app.evaluate.measured.needs import Missing, Needs, QuerySet, column, sizes, test_queries
from app.evaluate.measured.stages import StageTimes
from app.settings import load_settings
from app.weights.registry import load_registry

EDGE = 448
STATISTIC = Statistic()
NOBODY = QuerySet("nobody", ())
"""The good photographs are among the test images: none has to be compared apart from them."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DistanceTable:
    """`distances`: per image, the `good` ones first, good × N: each patch's distance to each good image at eight
    angles. `own`: per good image (N), each patch's distance to the image's own seven turned copies."""

    distances: list[NDArray[np.float32]]
    own: list[Distances]
    good: int
    statistic: Statistic = STATISTIC

    @property
    def defective(self) -> range:
        return range(self.good, len(self.distances))

    def scores(self, images: Sequence[int], references: Sequence[int]) -> Scores:
        """The image scores of images in a bank of references."""
        return np.array([self._score(self._nearest(image, references)) for image in images])

    def left_out_scores(self, references: Sequence[int]) -> Scores:
        """The image score of each reference in a bank of the others."""
        return np.array([self._score(self._nearest(each, _without(each, references))) for each in references])

    def scores_beside_own_copies(self, references: Sequence[int]) -> Scores:
        """The image score of each reference in a bank that holds its own turned copies too: how not to do it."""
        others = (self._nearest(each, _without(each, references)) for each in references)
        return np.array(
            [self._score(np.minimum(near, self.own[at])) for at, near in zip(references, others, strict=True)]
        )

    def _score(self, distances: Distances) -> float:
        return image_score(distances, np.ones(len(distances), bool), self.statistic)

    def _nearest(self, image: int, references: Sequence[int]) -> Distances:
        return np.asarray(self.distances[image][list(references)].min(axis=0))


def _without(image: int, references: Sequence[int]) -> list[int]:
    return [each for each in references if each != image]


def distance_table(root: Path, name: str, backbone: str, *, weights: Path, kept: Path) -> DistanceTable:
    """The table of an object below `root`, which is laid out as MVTec-AD; `kept` holds what was measured before."""
    data = _good_ones_as_references(load_object(root, name, needs_references=True))
    settings = load_settings(weights_dir=weights, device="cpu", precision="float32")
    loaded = load_backbone(load_registry().spec(backbone), settings, "cpu")
    extractor = Extractor(loaded, Preprocessing(EDGE, fit="whole"), "cpu", limit_threads(0), StageTimes())
    cache, lines = Cache(kept / backbone / name), Lines()
    wanted = _missing(data, cache)
    lacking = [path for path in data.train if not cache.has(_own(path))]
    lines.begin(wanted.passes + len(ROTATION_ANGLES_DEG) * len(lacking))
    lines.at(f"{name}, {backbone}")
    measured = measure(wanted, extractor, cache, lines.advance)
    for path in lacking:
        cache.save(_own(path), _to_own_copies(path, extractor))
        lines.advance(len(ROTATION_ANGLES_DEG))
    return _read(measured, cache, data.train)


def _good_ones_as_references(found: ObjectData) -> ObjectData:
    good = (*found.train, *(image.path for image in found.test if not image.is_defect))
    bad = (image for image in found.test if image.is_defect)
    return ObjectData(found.name, good, (*(TestImage(path, "good", None) for path in good), *bad))


def _missing(data: ObjectData, cache: Cache) -> Missing:
    tests = test_queries(data)
    needs = Needs(references=data.train, rotations=frozenset({"on"}))
    lacking = (path for path in data.train if not cache.has(column("on", path, tests.name)))
    work = dict.fromkeys(lacking, needs.rotations)
    return Missing(needs, tests, NOBODY, work, queries_needed=bool(work) or not cache.has(sizes(tests.name)))


def _own(path: Path) -> str:
    return f"own/{'-'.join(path.parts[-3:])}"


def _to_own_copies(path: Path, extractor: Extractor) -> Distances:
    upright, *turned = extractor.reference(path, ROTATION_ANGLES_DEG)
    bank = MemoryBank([segment(turned, ROTATION_ANGLES_DEG[1:])], extractor.device)
    return bank.nearest(unit_length(upright.values))[0]


def _read(measured: Measurements, cache: Cache, good: Sequence[Path]) -> DistanceTable:
    columns = [measured.distances([path], "on") for path in good]
    own = [np.asarray(cache.load(_own(path)), np.float32) for path in good]
    return DistanceTable([np.stack(each) for each in zip(*columns, strict=True)], own, len(good))
