"""Running an evaluation: setup by setup, object by object; what was done before is not done again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.layers import of_layers
from app.engine.options import Fit, Preprocessing
from app.evaluate.dataset import ObjectData, load_object
from app.evaluate.kept.results import Row, Run
from app.evaluate.kept.run_folder import RunFolder
from app.evaluate.measured.cache import Cache
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.measure import measure
from app.evaluate.measured.measurements import Measurements
from app.evaluate.measured.needs import Missing, missing
from app.evaluate.measured.stages import StageTimes
from app.evaluate.pictures import write_pictures
from app.evaluate.planned.plan import Draw, Plan, Skipped, bank_draws, draws, needs
from app.evaluate.planned.variant import Variant
from app.evaluate.rows import Truths, bank_scale, scored_rows, seen, truths

LoadBackbone = Callable[[str], Backbone]


class Progress(Protocol):
    """Shown to whoever waits. A step is an image through the backbone, or the test images of a row scored."""

    def begin(self, steps: int) -> None: ...
    def at(self, what: str) -> None: ...
    def advance(self, steps: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Machine:
    """What an evaluation computes with."""

    load_backbone: LoadBackbone
    device: str
    threads: int


def evaluate(plan: Plan, folder: RunFolder, machine: Machine, about: Run, progress: Progress) -> None:
    """Make every row of the plan, into the folder; `about` says what was asked and where it runs.

    Raises:
        InvalidDataset: a folder is not laid out as it must be, or a file cannot be used; it is named.
        ConfigurationError: a backbone cannot be loaded.
    """
    _Running(plan, folder, machine, about, progress, StageTimes(folder.seconds())).run()


@dataclass(frozen=True, slots=True)
class _Part:
    """What is to be done yet of an object under the variants of one backbone and preprocessing."""

    data: ObjectData
    rows: list[tuple[Variant, Draw]]
    missing: Missing
    cache: Cache

    @property
    def setup(self) -> Variant:
        """Any of the variants: they have backbone and preprocessing in common."""
        return self.rows[0][0]


@dataclass(frozen=True, slots=True)
class _Running:
    plan: Plan
    folder: RunFolder
    machine: Machine
    about: Run
    progress: Progress
    times: StageTimes

    def run(self) -> None:
        objects = [self._checked(name) for name in self.plan.objects]
        skipped = [each for data in objects for each in draws(self.plan, data)[1]]
        parts = list(self._parts(objects))
        self.progress.begin(sum(part.missing.passes + len(part.rows) for part in parts))
        self._describe(skipped)
        for part in parts:
            self._do(part)
            self._describe(skipped)

    def _checked(self, name: str) -> ObjectData:
        data = load_object(self.plan.data_root, name, needs_references=self.plan.needs_references)
        self.folder.check_photographs(data)
        return data

    def _parts(self, objects: Sequence[ObjectData]) -> Iterator[_Part]:
        for _, members in groupby(sorted(self.plan.variants, key=_setup), key=_setup):
            variants = list(members)
            for data in objects:
                found, _ = draws(self.plan, data)
                rows = [
                    (variant, draw)
                    for variant in variants
                    for draw in bank_draws(variant, found)
                    if not self.folder.has(data.name, variant, draw)
                ]
                if rows:
                    cache = self.folder.cache(data, variants[0])
                    yield _Part(data, rows, missing(needs(rows, data), data, cache), cache)

    def _do(self, part: _Part) -> None:
        setup, name = part.setup, part.data.name
        self.progress.at(f"{name}, {setup.backbone}, {setup.smaller_edge} px")
        backbone = _of_its_layers(self.machine.load_backbone(setup.backbone), setup.preprocessing)
        extractor = Extractor(backbone, setup.preprocessing, self.machine.device, self.machine.threads, self.times)
        measured = measure(part.missing, extractor, part.cache, self.progress.advance)
        truth = truths(part.data, measured.geometries(measured.tests))
        for (draw, _), members in groupby(sorted(part.rows, key=_order), key=_alike):
            variants = [variant for variant, _ in members]
            with self.times.stage("scores, maps and metrics"):
                self._make_rows(variants, draw, part.data, measured, truth, backbone.spec.heat_scale)
            self.progress.advance(len(variants))

    def _make_rows(
        self,
        variants: Sequence[Variant],
        draw: Draw,
        data: ObjectData,
        measured: Measurements,
        truth: Truths,
        heat_scale: float,
    ) -> None:
        looked = seen(variants[0], draw, data, measured)
        for scored in scored_rows(variants, draw, data, looked, truth, self.machine.threads):
            if self._is_shown(scored.row, data):
                scale_max = bank_scale(looked, variants[0].profile) or heat_scale
                pictures = write_pictures(scored, data, looked, truth, scale_max, self.folder.path)
                self.folder.keep_pictures(data.name, pictures)
            self.folder.keep(scored)

    def _is_shown(self, row: Row, data: ObjectData) -> bool:
        """Whether the report shows pictures of this row: the first variant's largest bank, of its first seed."""
        variant = self.plan.variants[0]
        shown = max(bank_draws(variant, draws(self.plan, data)[0]), key=lambda draw: (draw.shots, -draw.seed))
        return (row.variant, row.shots, row.seed) == (variant, shown.shots, shown.seed)

    def _describe(self, skipped: Sequence[Skipped]) -> None:
        self.folder.describe(replace(self.about, skipped=tuple(skipped), seconds=self.times.seconds))


def _of_its_layers(backbone: Backbone, made: Preprocessing) -> Backbone:
    return backbone if made.layers is None else of_layers(backbone, made.layers, made.layers_join)


def _setup(variant: Variant) -> tuple[str, str, str, int, Fit]:
    return variant.backbone, variant.precision, variant.layers, variant.smaller_edge, variant.preprocessing.fit


def _alike(row: tuple[Variant, Draw]) -> tuple[Draw, Variant]:
    """What rows have in common that share their anomaly maps: everything but the statistic."""
    variant, draw = row
    return draw, replace(variant, statistic="")


def _order(row: tuple[Variant, Draw]) -> tuple[int, int, str]:
    draw, variant = _alike(row)
    return draw.shots, draw.seed, variant.label
