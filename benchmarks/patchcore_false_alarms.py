"""Do PatchCore's thresholds keep their promises, and does it know another product? As a product would be with it.

    python -m benchmarks.patchcore_false_alarms DATA_ROOT --weights FOLDER [--objects …] [--backbones …] [--edge 224]

DATA_ROOT is laid out as MVTec-AD. As `benchmarks.false_alarms`: 200 draws of k references from all good photographs,
thresholds by the references themselves and by other good photographs, each tried on good ones that had no part in it.
Robust, upright references, a tenth of the rows, no masks. In 20 draws of 4 references, 5 photographs of every other
object are shown too: how many are left undecided because they are not like the references.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.assembly import limit_threads, load_backbone
from app.engine.bank.index import ratio_in
from app.engine.bank.left_out import NOBODY, LeftOut
from app.engine.methods.known import METHODS
from app.engine.options import Coreset, Preprocessing, Statistic
from app.engine.photograph.photometry import appearance
from app.engine.types import PatchFeatures, Size
from app.engine.verdict.calibration import FEWEST_REFERENCES
from app.engine.verdict.left_out_scores import UNLIKE_RATIO
from app.evaluate.dataset import load_object, read_image
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.stages import StageTimes
from app.evaluate.methods.banks import Look, RowsBank, rows_bank
from app.service.verdicts.good_photograph import GoodPhotograph, among_the_others, compared, limits
from app.service.verdicts.reference_photographs import NO_REFERENCES
from app.service.verdicts.verdict import Looked
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.distance_table import Scores
from benchmarks.false_alarms import DRAWS, HEAD, PACKAGES, tell
from benchmarks.machine import measured_with, say
from benchmarks.threshold_trials import trials

OBJECTS = ("cookies", "hazelnut", "transistor", "magnetic_tile")
SHOTS = (4, 8, 16)
COOKIES_SHOTS = (4, 8)
CORESET = Coreset(share=0.1)
STATISTIC = Statistic("max")
DRAWS_OF_OTHERS, OTHERS, REFERENCES_BESIDE_OTHERS = 20, 5, 4
SHOWN = replace(NO_REFERENCES, unlike_ratio=ratio_in(METHODS["patchcore"].metric("whole"), UNLIKE_RATIO))


class PatchCorePhotographs:
    """Photographs by number, the `good` ones first, and what a bank of PatchCore would say of them."""

    def __init__(self, good: Sequence[Path], bad: Sequence[Path], others: Sequence[Path], extractor: Extractor) -> None:
        """`others`: photographs of other products, after the defective ones."""
        paths = [*good, *bad, *others]
        self.good, self.defective = len(good), range(len(good), len(good) + len(bad))
        self.others = range(self.defective.stop, len(paths))
        self._features = list(extractor.images(paths))
        self._looked = [Looked(appearance(image), Size(*image.shape[:2])) for image in map(read_image, paths)]
        self._made: tuple[tuple[int, ...], RowsBank] | None = None

    def inspected(self, images: Sequence[int], references: Sequence[int]) -> list[GoodPhotograph]:
        left_out = self.left_out(references)
        usual, bank = limits(left_out, left_out, SHOWN), self._bank(references)
        return [compared(self._photograph(image, _looked_at(bank, self._features[image])), usual) for image in images]

    def left_out(self, references: Sequence[int]) -> list[GoodPhotograph]:
        bank, rows = self._bank(references), []
        for place, image in enumerate(references):
            features = self._features[image]
            row = bank.left_out(place, features, np.ones(features.geometry.grid.patches, bool))
            assert row is not None
            rows.append(self._photograph(image, row))
        return rows if len(rows) <= FEWEST_REFERENCES else list(among_the_others(rows, SHOWN))

    def scores(self, photographs: Sequence[GoodPhotograph]) -> Scores:
        return np.array([each.score(STATISTIC) for each in photographs if each.decidable])

    def scores_beside_own_copies(self, references: Sequence[int]) -> None:
        """References are upright: there are no copies."""

    def _photograph(self, image: int, row: LeftOut) -> GoodPhotograph:
        everything = np.ones(len(row.distances), bool)
        return GoodPhotograph.of(str(image), row, (everything, None), self._looked[image], STATISTIC)

    def _bank(self, references: Sequence[int]) -> RowsBank:
        """The last one is kept: a draw asks for it more than once."""
        chosen = tuple(references)
        if self._made is None or self._made[0] != chosen:
            parts = [[self._features[each]] for each in chosen]
            self._made = chosen, rows_bank("patchcore", "whole", parts, (0.0,), CORESET, "cpu")
        return self._made[1]


def _looked_at(bank: RowsBank, features: PatchFeatures) -> LeftOut:
    everything = np.ones(features.geometry.grid.patches, bool)
    found: Look = bank.look(features, everything)
    largest = float(found.distances.max())
    weights = np.ones(len(everything), np.float32)
    if found.score is not None and largest:
        weights[int(found.distances.argmax())] = found.score / largest
    return LeftOut(found.distances, np.full(len(everything), NOBODY, np.int32), everything, weights)


def main() -> None:
    arguments = _arguments()
    say(f"PatchCore, robust: {DRAWS} draws, {arguments.edge} px, upright, a tenth of the rows, no mask, CPU, float32")
    say(measured_with(PACKAGES))
    say(HEAD)
    settings = load_settings(weights_dir=arguments.weights, device="cpu", precision="float32")
    for backbone in arguments.backbones:
        loaded = load_backbone(load_registry().spec(backbone), settings, "cpu")
        patchcore = METHODS["patchcore"].features_of(loaded, "whole")
        made = Preprocessing(arguments.edge, "off", fit="whole", method="patchcore")
        extractor = Extractor(patchcore, made, "cpu", limit_threads(0), StageTimes())
        for name in arguments.objects:
            good, bad = _paths(arguments.data, name)
            others = [path for each in OBJECTS if each != name for path in _firsts(arguments.data, each)]
            say(f"\n{name}, {backbone}: {len(good)} good, {len(bad)} defective")
            photographs = PatchCorePhotographs(good, bad, others, extractor)
            for count in COOKIES_SHOTS if name == "cookies" else SHOTS:
                tell(trials(photographs, count, DRAWS))
            say(f"  other products: {100 * _undecided(photographs):.1f} % undecided")


def _undecided(photographs: PatchCorePhotographs) -> float:
    """Share of other products' photographs."""
    shares = []
    for seed in range(DRAWS_OF_OTHERS):
        drawn = np.random.default_rng(seed).permutation(photographs.good)[:REFERENCES_BESIDE_OTHERS].tolist()
        shown = photographs.inspected(photographs.others, drawn)
        shares.append(np.mean([not each.decidable for each in shown]))
    return float(np.mean(shares))


def _firsts(root: Path, name: str) -> list[Path]:
    return _paths(root, name)[0][:OTHERS]


def _paths(root: Path, name: str) -> tuple[list[Path], list[Path]]:
    data = load_object(root, name, needs_references=True)
    good = [*data.train, *(image.path for image in data.test if not image.is_defect)]
    return good, [image.path for image in data.test if image.is_defect]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="folder of the weight files")
    parser.add_argument("--objects", nargs="+", default=OBJECTS)
    parser.add_argument("--backbones", nargs="+", default=["resnet18_layer1-3", "embedded"])
    parser.add_argument("--edge", type=int, default=224, help="smaller edge, px")
    return parser.parse_args()


if __name__ == "__main__":
    main()
