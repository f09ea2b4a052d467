"""How far every photograph's patches lie from every good photograph of an object: measured once, kept in a folder.

A bank is the union of its references, so the distances to any bank are minima over the columns of this table, and
hundreds of banks can be drawn from it without a search. 448 px, eight rotations. Masks are kept beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.assembly import limit_threads, load_backbone
from app.commands.evaluate_display import Lines
from app.engine.bank.bank import MemoryBank, segment
from app.engine.bank.left_out import LeftOut
from app.engine.bank.rows import unit_length
from app.engine.masking.foreground import MaskFlag, foreground_mask, scored_patches
from app.engine.options import ROTATION_ANGLES_DEG, Preprocessing, Statistic
from app.engine.photograph.appearance import Appearance
from app.engine.photograph.photometry import appearance
from app.engine.types import Distances, Mask, PatchFeatures, Size
from app.engine.verdict.calibration import FEWEST_REFERENCES
from app.engine.verdict.scoring import image_score
from app.evaluate.dataset import ObjectData, TestImage, load_object, read_image
from app.evaluate.measured.cache import Cache
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.measure import measure
from app.evaluate.measured.measurements import Measurements
from app.evaluate.measured.needs import Missing, Needs, QuerySet, column, sizes, test_queries
from app.evaluate.measured.stages import StageTimes
from app.service.verdicts.good_photograph import GoodPhotograph, among_the_others, compared, limits
from app.service.verdicts.reference_photographs import NO_REFERENCES
from app.service.verdicts.verdict import Looked
from app.settings import load_settings
from app.weights.registry import load_registry

EDGE = 448
STATISTIC = Statistic()
ANY_SIZE = Size(EDGE, EDGE)
"""All photographs of an object have one."""
NOBODY = QuerySet("nobody", ())
"""The good photographs are among the test images: none has to be compared apart from them."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DistanceTable:
    """`distances`: per image, the `good` ones first, good × N: each patch's distance to each good image at eight
    angles. `own`: per good image (N), each patch's distance to the image's own seven turned copies. `foregrounds` (N)
    and `seen`: per image; `fractions`: per good image, its foreground at eight angles. `masked`: the background is."""

    distances: list[NDArray[np.float32]]
    own: list[Distances]
    foregrounds: list[Mask]
    fractions: list[list[float]]
    seen: list[Appearance]
    good: int
    statistic: Statistic = STATISTIC
    masked: bool = False

    @property
    def defective(self) -> range:
        return range(self.good, len(self.distances))

    def inspected(self, images: Sequence[int], references: Sequence[int]) -> list[GoodPhotograph]:
        """Images as the service sees them in a bank of references."""
        left_out = self.left_out(references)
        usual = limits(left_out, left_out, NO_REFERENCES)
        return [compared(self._photograph(image, references), usual) for image in images]

    def left_out(self, references: Sequence[int]) -> list[GoodPhotograph]:
        """Each reference as the service sees it in a bank of the others."""
        found = [self._photograph(each, _without(each, references)) for each in references]
        return found if len(found) <= FEWEST_REFERENCES else list(among_the_others(found, NO_REFERENCES))

    def scores(self, photographs: Sequence[GoodPhotograph]) -> Scores:
        """The image scores of those that would be decided."""
        return np.array([each.score(self.statistic) for each in photographs if each.decidable])

    def scores_beside_own_copies(self, references: Sequence[int]) -> Scores:
        """The image score of each reference in a bank that holds its own turned copies too: how not to do it."""
        others = (self._nearest(each, _without(each, references)) for each in references)
        beside = [np.minimum(near, self.own[at]) for at, near in zip(references, others, strict=True)]
        return np.array([image_score(each, np.ones(len(each), bool), self.statistic) for each in beside])

    def _photograph(self, image: int, references: Sequence[int]) -> GoodPhotograph:
        distances, mask = self._nearest(image, references), self.foregrounds[image]
        scored: tuple[Mask, MaskFlag | None] = np.ones_like(mask), None
        if self.masked:
            scored = scored_patches(mask, "robust", [each for at in references for each in self.fractions[at]])
        row = LeftOut(distances, np.zeros(len(distances), np.int32), mask)
        looked = Looked(self.seen[image], ANY_SIZE)
        return GoodPhotograph.of(str(image), row, scored, looked, self.statistic)

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
        turned = extractor.reference(path, ROTATION_ANGLES_DEG)
        masks = [foreground_mask(each, loaded.spec, "robust") for each in turned]
        cache.save(_fractions(path), np.array([mask.mean() for mask in masks]))
        cache.save(_own(path), _to_own_copies(turned, extractor))
        lines.advance(len(ROTATION_ANGLES_DEG))
    images = [image.path for image in data.test]
    for path in images:
        if not cache.has(_mask(path)):
            [features] = extractor.images([path])
            cache.save(_mask(path), foreground_mask(features, loaded.spec, "robust"))
    return _read(measured, cache, data.train, images)


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
    return f"own/{_name(path)}"


def _fractions(path: Path) -> str:
    return f"fractions/{_name(path)}"


def _mask(path: Path) -> str:
    return f"mask/{_name(path)}"


def _name(path: Path) -> str:
    return "-".join(path.parts[-3:])


def _to_own_copies(turns: Sequence[PatchFeatures], extractor: Extractor) -> Distances:
    upright, *turned = turns
    bank = MemoryBank([segment(turned, ROTATION_ANGLES_DEG[1:])], extractor.device)
    return bank.nearest(unit_length(upright.values))[0]


def _read(measured: Measurements, cache: Cache, good: Sequence[Path], images: Sequence[Path]) -> DistanceTable:
    columns = [measured.distances([path], "on") for path in good]
    return DistanceTable(
        distances=[np.stack(each) for each in zip(*columns, strict=True)],
        own=[np.asarray(cache.load(_own(path)), np.float32) for path in good],
        foregrounds=[np.asarray(cache.load(_mask(path)), bool) for path in images],
        fractions=[cache.load(_fractions(path)).tolist() for path in good],
        seen=[appearance(read_image(path)) for path in images],
        good=len(good),
    )
