"""Running an evaluation: setup by setup, object by object; what was done before is not done again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Protocol

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.layers import of_layers
from app.engine.options import Fit
from app.evaluate.dataset import ObjectData, load_object
from app.evaluate.kept.results import Row, Run
from app.evaluate.kept.run_folder import RunFolder
from app.evaluate.measured.extraction import Extractor
from app.evaluate.measured.measure import measure
from app.evaluate.measured.needs import Missing, missing
from app.evaluate.measured.seen import Seen
from app.evaluate.measured.stages import StageTimes
from app.evaluate.methods.banks import method_features
from app.evaluate.methods.looking import looks, passes
from app.evaluate.pictures import write_pictures
from app.evaluate.planned.plan import Draw, Plan, Skipped, bank_draws, draws, needs
from app.evaluate.planned.variant import Method, Variant
from app.evaluate.rows import Truths, colour_scale, scored_rows, seen, truths

LoadBackbone = Callable[[str], Backbone]
NOT_ALIGNED = "{}: {} compares position with position, and the images are of different sizes."


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
        InvalidSettings: a backbone or a method has not the layers that are asked for.
    """
    _Running(plan, folder, machine, about, progress, StageTimes(folder.seconds())).run()


Wanted = tuple[Variant, Draw]
See = Callable[[Variant, Draw], Seen | None]
"""What the bank of a variant and a draw sees; None where its images cannot be compared."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is to be done yet of an object under variants that see the same features."""

    data: ObjectData
    rows: list[Wanted]

    @property
    def setup(self) -> Variant:
        """Any of the variants: they have all that `_setup` names in common."""
        return self.rows[0][0]


@dataclass(frozen=True, slots=True)
class _Running:
    plan: Plan
    folder: RunFolder
    machine: Machine
    about: Run
    progress: Progress
    times: StageTimes
    skipped: list[Skipped] = field(default_factory=list)

    def run(self) -> None:
        objects = [self._checked(name) for name in self.plan.objects]
        for setup in {_setup(variant): variant for variant in self.plan.variants}.values():
            self._features(setup)  # refuses layers that a backbone or a method has not, before anything is measured
        self.skipped.extend(each for data in objects for each in draws(self.plan, data)[1])
        parts = list(self._parts(objects))
        self.progress.begin(sum(self._passes(part) + len(part.rows) for part in parts))
        self._describe()
        for part in parts:
            self._do(part)
            self._describe()

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
                    yield _Part(data, rows)

    def _passes(self, part: _Part) -> int:
        return self._missing(part).passes if part.setup.has_whole_bank else passes(_banks(part.rows), part.data)

    def _missing(self, part: _Part) -> Missing:
        return missing(needs(part.rows, part.data), part.data, self.folder.cache(part.data, part.setup))

    def _do(self, part: _Part) -> None:
        setup, name = part.setup, part.data.name
        self.progress.at(f"{name}, {setup.label.split(', ')[0]}, {setup.smaller_edge} px")
        made = setup.preprocessing
        backbone = self._features(setup)
        extractor = Extractor(backbone, made, self.machine.device, self.machine.threads, self.times)
        see = self._measured(part, extractor) if setup.has_whole_bank else self._looked(part, extractor)
        truth: Truths | None = None
        for (draw, _), members in groupby(sorted(part.rows, key=_order), key=_alike):
            variants = [variant for variant, _ in members]
            looked = see(variants[0], draw)
            if looked is None:
                self.skipped.append(Skipped(name, draw.shots, draw.seed, NOT_ALIGNED.format(name, setup.method)))
            else:
                truth = truth or truths(part.data, looked.geometries)
                with self.times.stage("scores, maps and metrics"):
                    self._make_rows(variants, draw, part.data, looked, truth, backbone.spec.heat_scale)
            self.progress.advance(len(variants))

    def _features(self, setup: Variant) -> Backbone:
        """The backbone as the method of the setup sees it. InvalidSettings: it cannot of these layers."""
        loaded, made = self.machine.load_backbone(setup.backbone), setup.preprocessing
        of_its_layers = loaded if made.layers is None else of_layers(loaded, made.layers, made.layers_join)
        return method_features(setup.method, made.fit, of_its_layers)

    def _measured(self, part: _Part, extractor: Extractor) -> See:
        cache = self.folder.cache(part.data, part.setup)
        measured = measure(self._missing(part), extractor, cache, self.progress.advance)
        return lambda variant, draw: seen(variant, draw, part.data, measured)

    def _looked(self, part: _Part, extractor: Extractor) -> See:
        found = looks(_banks(part.rows), part.data, extractor, self.progress.advance)
        return lambda variant, draw: found[_bank(variant, draw)]

    def _make_rows(
        self,
        variants: Sequence[Variant],
        draw: Draw,
        data: ObjectData,
        looked: Seen,
        truth: Truths,
        heat_scale: float,
    ) -> None:
        for scored in scored_rows(variants, draw, data, looked, truth, self.machine.threads):
            if self._is_shown(scored.row, data):
                scale_max = colour_scale(looked, variants[0], heat_scale)
                pictures = write_pictures(scored, data, looked, truth, scale_max, self.folder.path)
                self.folder.keep_pictures(data.name, pictures)
            self.folder.keep(scored)

    def _is_shown(self, row: Row, data: ObjectData) -> bool:
        """Whether the report shows pictures of this row: the first variant's largest bank, of its first seed."""
        variant = self.plan.variants[0]
        shown = max(bank_draws(variant, draws(self.plan, data)[0]), key=lambda draw: (draw.shots, -draw.seed))
        return (row.variant, row.shots, row.seed) == (variant, shown.shots, shown.seed)

    def _describe(self) -> None:
        self.folder.describe(replace(self.about, skipped=tuple(self.skipped), seconds=self.times.seconds))


def _setup(variant: Variant) -> tuple[str, str, str, int, Fit, Method, bool]:
    """What variants have in common that are measured together."""
    network = variant.backbone, variant.precision, variant.layers
    return (*network, variant.smaller_edge, variant.preprocessing.fit, variant.method, variant.has_whole_bank)


def _bank(variant: Variant, draw: Draw) -> Wanted:
    """What rows have in common that share a bank and its maps."""
    return replace(variant, statistic=""), draw


def _banks(rows: Sequence[Wanted]) -> list[Wanted]:
    return list(dict.fromkeys(_bank(*row) for row in rows))


def _alike(row: Wanted) -> tuple[Draw, Variant]:
    variant, draw = _bank(*row)
    return draw, variant


def _order(row: Wanted) -> tuple[int, int, str]:
    draw, variant = _alike(row)
    return draw.shots, draw.seed, variant.label
